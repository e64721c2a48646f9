"""`sparkify rejected`: what was set aside, and how it comes into the warehouse after all."""

import json
from typing import Any

import pytest

from harness import oracle
from harness.engines import ENGINES
from harness.program import Outcome
from harness.records import JSONPATHS, event, lines, song
from harness.rows import assert_is
from harness.warehouse import Sparkify

ON_ALL = pytest.mark.parametrize("sparkify", ENGINES, indirect=True)
ON_BOTH = pytest.mark.parametrize("sparkify", ["duckdb", "redshift"], indirect=True)

PLAY = event(sessionId=1)
MOVED = {**{key: value for key, value in event(sessionId=2).items() if key != "sessionId"}, "session": 2}
"""A play whose session stands under another key than the JSONPaths file says."""

BAD = json.dumps(MOVED)
REPAIRED = event(sessionId=2)
GOOD = lines([REPAIRED])


def set_aside(sparkify: Sparkify, *, log: str = f"{lines([PLAY])}\n{BAD}") -> Sparkify:
    """The warehouse after a run that set aside what is bad in a log."""
    sparkify.configure(MAX_ERRORS=9)
    sparkify.put("song_data/A/a.json", lines([song()]))
    sparkify.put("log_data/a.json", log)
    sparkify.loaded()
    return sparkify


def name(sparkify: Sparkify, key: str = "log_data/a.json") -> str:
    """The object as the warehouse names it: a prefix, where whole prefixes are read."""
    return f"{sparkify.store}/{'log_data/' if sparkify.reads_prefixes else key}"


def listed(sparkify: Sparkify) -> list[dict[str, Any]]:
    """The rejected records, as programs get them."""
    outcome = sparkify.command("rejected", "--json")
    assert (outcome.exit_code, outcome.err) == (0, "")
    [line] = outcome.out.splitlines()
    read = json.loads(line)
    assert read["version"] == 1
    records: list[dict[str, Any]] = read["records"]
    return records


def retried(sparkify: Sparkify) -> Outcome:
    outcome = sparkify.command("rejected", "--retry")
    assert outcome.exit_code == 0, outcome.err
    return outcome


def assert_holds(sparkify: Sparkify, *plays: dict[str, Any]) -> None:
    """Fail where the star schema is not that of one load of the song and these plays."""
    assert_is(sparkify.star(), oracle.warehouse({"song_data/A/a.json": [song()]}, plays))


# ---------------------------------------------------------------- the list


@ON_ALL
def test_each_record_is_listed_with_its_place_and_reason(sparkify: Sparkify) -> None:
    set_aside(sparkify)
    [record] = listed(sparkify)
    assert [*record] == ["object", "line", "column_name", "reason", "raw_text"]
    assert (record["object"], record["line"], record["column_name"]) == (name(sparkify), 2, "session_id")
    outcome = sparkify.command("rejected")
    assert (outcome.exit_code, outcome.err) == (0, "")
    first, last = outcome.out.splitlines()
    assert first == f"{name(sparkify)}, line 2, column session_id: {record['reason']}"
    assert last.startswith("1 record in 1 object; repair the objects and load them with `sparkify etl`; ")
    assert "`sparkify rejected --retry`" in last


@ON_BOTH
def test_raw_shows_the_text_below_each_record(sparkify: Sparkify) -> None:
    set_aside(sparkify)
    place, text, _ = sparkify.command("rejected", "--raw").out.splitlines()
    assert place.startswith(f"{name(sparkify)}, line 2")
    assert text == BAD == listed(sparkify)[0]["raw_text"]


def test_a_record_cannot_steer_the_terminal_that_shows_it(sparkify: Sparkify) -> None:
    set_aside(sparkify, log='{"song": "\x1b[31mred\x07"}')
    for shown in (sparkify.command("rejected", "--raw").out, sparkify.command("rejected").out):
        assert "\x1b" not in shown
        assert "\x07" not in shown
    assert r"\x1b[31mred\x07" in sparkify.command("rejected", "--raw").out
    assert "\x1b" in listed(sparkify)[0]["raw_text"], "programs get the text as it is"


@ON_BOTH
def test_records_are_listed_by_object_and_line(sparkify: Sparkify) -> None:
    sparkify.put("log_data/b.json", "bad")
    set_aside(sparkify, log="\n".join(["bad", lines([PLAY]), *["bad"] * 3]))
    found = [(record["object"].rpartition("/")[2], record["line"]) for record in listed(sparkify)]
    assert found == [("a.json", 1), ("a.json", 3), ("a.json", 4), ("a.json", 5), ("b.json", 1)]
    assert sparkify.command("rejected").out.splitlines()[-1].startswith("5 records in 2 objects; ")


@ON_BOTH
def test_where_nothing_was_rejected_it_says_so(sparkify: Sparkify) -> None:
    assert listed(sparkify) == []
    assert sparkify.command("rejected", "--raw").out == "no rejected records\n"


# ---------------------------------------------------------------- back into the warehouse


@ON_ALL
def test_a_record_of_an_object_that_was_repaired_comes_in_with_the_next_load(sparkify: Sparkify) -> None:
    set_aside(sparkify)
    assert len(listed(sparkify)) == 1
    sparkify.put("log_data/a.json", lines([PLAY, REPAIRED]))
    sparkify.configure()
    sparkify.loaded()
    assert listed(sparkify) == []
    assert_holds(sparkify, PLAY, REPAIRED)


@ON_ALL
def test_retry_loads_the_objects_after_the_jsonpaths_file_was_mended(sparkify: Sparkify) -> None:
    set_aside(sparkify, log=BAD)
    sparkify.put("log_json_path.json", JSONPATHS.replace("$['sessionId']", "$['session']"))
    sparkify.configure()
    assert sparkify.loaded().out.startswith("nothing new"), "the object itself is what it was"
    assert "1 new (" in retried(sparkify).out
    assert listed(sparkify) == []
    assert_holds(sparkify, REPAIRED)
    assert sparkify.command("check").exit_code == 0
    assert sparkify.loaded().out.startswith("nothing new")


@ON_ALL
def test_a_retry_that_meets_the_same_bad_records_changes_nothing(sparkify: Sparkify) -> None:
    set_aside(sparkify)
    before = sparkify.content()
    sparkify.configure(MAX_ERRORS=0)
    outcome = sparkify.command("rejected", "--retry")
    assert outcome.exit_code == 1
    assert f"error: {name(sparkify)}, line 2, column session_id: " in outcome.err
    assert outcome.err.splitlines()[-1] == "nothing was changed"
    assert sparkify.content() == before


@ON_ALL
def test_a_retry_that_may_set_them_aside_again_leaves_the_same_rows(sparkify: Sparkify) -> None:
    set_aside(sparkify)
    star, rejected = sparkify.star(), sparkify.rejected()
    outcome = sparkify.command("rejected", "--retry", "--json")
    assert outcome.exit_code == 0, outcome.err
    [line] = outcome.out.splitlines()
    summary = json.loads(line)
    assert summary["objects"] == {"new": 1, "loaded_before": 0, "ignored": 0}
    assert summary["records"] == {"events": 1, "events_forgotten": 0, "songs": 0, "rejected": 1}
    assert summary["plays"] == {"staged": 1, "new": 0, "matched": 0, "known": 1}
    assert_is(sparkify.star(), star)
    assert sparkify.rejected() == rejected
    assert sparkify.command("check").exit_code == 0


@ON_ALL
def test_a_retry_where_nothing_was_rejected_loads_nothing(sparkify: Sparkify) -> None:
    sparkify.put("log_data/a.json", lines([PLAY]))
    sparkify.loaded()
    before = sparkify.content()
    sparkify.put("log_data/b.json", GOOD)
    assert retried(sparkify).out.startswith("no objects to load; ")
    assert sparkify.content() == before


@ON_BOTH
def test_a_retry_loads_the_objects_with_rejected_records_and_no_others(sparkify: Sparkify) -> None:
    sparkify.put("log_data/good.json", lines([event(sessionId=8)]))
    set_aside(sparkify)
    sparkify.put("log_data/new.json", lines([event(sessionId=9)]))
    sparkify.put("log_data/good.json", lines([event(sessionId=10)]))
    history = sparkify.history()
    sparkify.put("log_data/a.json", GOOD)
    assert "1 new (" in retried(sparkify).out
    assert sparkify.history() == history | {"log_data/a.json": (1, 1, 0)}
    assert '"new": 2' in sparkify.etl("--json").out, "what is new stays new"


@ON_BOTH
def test_an_object_that_is_gone_is_named_and_its_records_stay(sparkify: Sparkify) -> None:
    sparkify.put("log_data/b.json", BAD)
    set_aside(sparkify)
    sparkify.remove("log_data/b.json")
    sparkify.put("log_data/a.json", GOOD)
    outcome = retried(sparkify)
    gone = name(sparkify, "log_data/b.json")
    assert f"warning: {gone} is no longer there; its rejected records stay" in outcome.err.splitlines()
    assert [record["object"] for record in listed(sparkify)] == [gone]
    quiet = sparkify.command("rejected", "--retry", "--quiet")
    assert (quiet.exit_code, len(quiet.err.splitlines())) == (0, 1)


@ON_BOTH
def test_songs_that_were_rejected_come_in_too(sparkify: Sparkify) -> None:
    sparkify.configure(MAX_ERRORS=1)
    sparkify.put("song_data/A/a.json", json.dumps(song(duration="long")))
    sparkify.put("log_data/a.json", lines([PLAY]))
    sparkify.loaded()
    assert [record["column_name"] for record in listed(sparkify)] == ["duration"]
    sparkify.put("song_data/A/a.json", lines([song()]))
    retried(sparkify)
    assert listed(sparkify) == []
    assert sparkify.query("select song_id from songplays") == [("SO1",)]
