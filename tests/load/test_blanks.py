"""Blanks at the end of texts: where Redshift compares, they do not count, in DuckDB they do, and both give one answer.

`redshift_stand_in` compares as Redshift does.
"""

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness import oracle
from harness.answers import connected
from harness.engines import ACCESS, opened
from harness.examples import TIMES
from harness.records import event, lines, song
from harness.redshift import Servers
from harness.rows import assert_is
from harness.warehouse import Sparkify
from sparkify import questions, sql_queries
from sparkify.questions import Filter

BOTH = ("duckdb", "redshift")


def text(*words: str | None) -> st.SearchStrategy[str | None]:
    """One of some words, with blanks at its end or without."""
    blanks = st.sampled_from(["", "", " ", "  "])
    return st.tuples(st.sampled_from(words), blanks).map(lambda pair: pair[0] and pair[0] + pair[1])


SONGS = st.fixed_dictionaries(
    {
        "artist_id": text("AR1", "AR2"),
        "artist_location": text("", "Oslo", " Oslo", None),
        "artist_name": text("", "Adele", "Adele feat. Koch", " Adele", None),
        "song_id": text("SO1", "SO2"),
        "title": text("", "Hello", "Hello again", " Hello", None),
    }
).map(lambda record: song(**record))

EVENTS = st.fixed_dictionaries(
    {
        "artist": text("", "Adele", " Adele", None),
        "auth": text("Logged In", "Guest"),
        "firstName": text("Lily", "Zoë"),
        "gender": text("F", "M"),
        "itemInSession": st.sampled_from([0, 1, 2]),
        "lastName": text("Koch", None),
        "level": text("free", "paid", None),
        "location": text("", "Oslo, NO", "Rome, IT", None),
        "method": text("PUT", "GET"),
        "page": text("NextSong", "NextSong", "NextSong", "Home", "Upgrade", ""),
        "sessionId": st.sampled_from([1, 2]),
        "song": text("", "Hello", " Hello", None),
        "ts": st.sampled_from([1_542_845_032_796, 1_542_845_032_797, 1_542_945_032_796]),
        "userAgent": text("", "Mozilla/5.0", None),
        "userId": text("", "15", "16", None),
    }
).map(lambda record: event(**record))


@contextmanager
def one_of_each(request: pytest.FixtureRequest) -> Iterator[list[Sparkify]]:
    """A warehouse in each engine."""
    with tempfile.TemporaryDirectory(prefix="blanks-") as name, ExitStack() as made:
        yield [made.enter_context(opened(request, engine, Path(name) / engine)) for engine in BOTH]


def answers(sparkify: Sparkify) -> dict[str, list[Any]]:
    """The answer to every question, and every row of the views, sorted."""
    found: dict[str, list[Any]] = {}
    with connected(sparkify) as engine, engine.snapshot():
        for question in questions.all_questions():
            if question.name not in ("freshness", "last_runs"):  # they say when something was loaded
                found[question.name] = [*questions.ask(engine, question, Filter()).rows]
        for view in sql_queries.LASTING_VIEWS:
            found[view] = sorted(engine.query(f"select * from {view}"), key=repr)
    return found


def test_both_engines_give_the_same_rows_and_answers(request: pytest.FixtureRequest) -> None:
    @settings(max_examples=5 * TIMES)
    @given(
        songs=st.lists(SONGS, min_size=1, max_size=4),
        first=st.lists(EVENTS, min_size=2, max_size=8),
        later=st.lists(EVENTS, min_size=1, max_size=4),
    )
    def holds(songs: list[dict[str, Any]], first: list[dict[str, Any]], later: list[dict[str, Any]]) -> None:
        with one_of_each(request) as warehouses:
            for sparkify in warehouses:
                sparkify.put("log_data/first.json", lines(first))
                sparkify.loaded()
                sparkify.put("song_data/songs.json", lines(songs))
                sparkify.put("log_data/later.json", lines(later))
                sparkify.loaded()
                assert_is(sparkify.star(), oracle.warehouse({"song_data/songs.json": songs}, [*first, *later]))
            in_duckdb, in_redshift = map(answers, warehouses)
            assert_is(in_redshift, in_duckdb)
            cleaned = [w.query("select run_id, texts_cleaned from runs order by run_id") for w in warehouses]
            assert cleaned[0] == cleaned[1]

    holds()


@pytest.mark.parametrize("sparkify", BOTH, indirect=True)
def test_each_text_that_ends_in_blanks_is_counted_and_no_other(sparkify: Sparkify) -> None:
    titles = ["Hello", "Hello ", "Hello  ", "Skyfall "]
    sparkify.put("log_data/a.json", lines(event(song=title, itemInSession=n) for n, title in enumerate(titles)))
    sparkify.put("song_data/a.json", lines([song(title="Hello "), song(title="Hello   ", song_id="SO2 ")]))
    sparkify.loaded()
    assert sparkify.query("select texts_cleaned from runs") == [(3 + 1 + 1,)]
    assert sparkify.query("select title, count(*) from songplays group by title order by title") == [
        ("Hello", 3),
        ("Skyfall", 1),
    ]


@pytest.mark.parametrize("sparkify", BOTH, indirect=True)
def test_an_object_whose_key_ends_in_a_blank_is_not_taken_for_another(sparkify: Sparkify) -> None:
    sparkify.put("log_data/a.json", lines([event()]))
    sparkify.put_as_it_is("log_data/a.json ", b"no log")
    assert "log_data/a.json   no data: its name does not end in" in sparkify.etl("--dry-run").out
    sparkify.loaded()
    assert sparkify.history()["log_data/a.json"] == (1, 1, 0)
    sparkify.put("log_data/a.json", lines([event(), event(itemInSession=1)]))
    sparkify.loaded()
    assert sparkify.history() == {"log_data/a.json": (2, 2, 0)}


def test_a_bad_record_is_not_shown_with_the_text_of_an_object_of_nearly_its_name(
    servers: Servers, tmp_path: Path
) -> None:
    with servers.sparkify(tmp_path / "sparkify", ACCESS["redshift without WORK"], MAX_ERRORS=1) as sparkify:
        sparkify.put("log_data/a.json", lines([event()]))
        sparkify.put_as_it_is("log_data/a.json ", lines([event(ts="late")]).encode())
        sparkify.loaded()
        [(key, line, column, _, raw_text)] = sparkify.rejected()
        assert (key, line, column, raw_text) == ("log_data/", 1, "start_time", "")
