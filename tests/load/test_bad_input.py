"""Bad input: by default the run stops and says where and why; with MAX_ERRORS it is set aside, and every sum closes."""

import gzip
import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import pytest

from harness import oracle
from harness.engines import ENGINES, opened
from harness.paths import ROOT
from harness.program import Outcome
from harness.records import event, lines, many_events, song
from harness.rows import Row, assert_is
from harness.warehouse import Sparkify
from redshift_stand_in.zstandard import zstd

GOOD = json.dumps(event(sessionId=1))
ALSO_GOOD = json.dumps(event(sessionId=2))


ON_BOTH = pytest.mark.parametrize("sparkify", ["duckdb", "redshift"], indirect=True)

DOCUMENT = ROOT / "docs" / "bad-data.md"


class Reason(NamedTuple):
    """The beginning of the reason, and the column where one value is bad."""

    reason: str
    column: str | None = None


class Bad(NamedTuple):
    """A record that no row can be made of, and why.

    In Redshift COPY may find another fault: in any log (`by_copy`), or in one copied where it lies (`in_place`).
    """

    text: str | bytes
    reason: str
    column: str | None = None
    by_copy: Reason | None = None
    in_place: Reason | None = None

    def reason_on(self, sparkify: Sparkify, *, is_large: bool = False) -> Reason:
        expected = Reason(self.reason, self.column)
        if sparkify.engine == "duckdb":
            return expected
        reason, column = self.by_copy or (self.in_place if is_large else None) or expected
        return Reason(reason, column.lower() if column else None)  # names are lower case there


def without(key: str) -> str:
    """An event that lacks a key."""
    return json.dumps({name: value for name, value in event().items() if name != key})


def raw(key: str, text: str) -> str:
    """An event with a value spelled out."""
    return json.dumps(event() | {key: "@@"}).replace('"@@"', text)


NO_JSON = Reason("is not JSON (COPY says: ")

RECORDS = {
    "broken JSON": Bad(
        '{"ts": 1542845032796, "sessionId": }', "is not JSON: Expecting value at character 36", in_place=NO_JSON
    ),
    "no JSON at all": Bad("2018-11-22 10:00 NextSong", "is not JSON"),
    "a record cut off": Bad(GOOD[:-20], "is not JSON"),
    "a text for a number": Bad(raw("status", '"fine"'), "is no whole number of 64 bits", "status"),
    "a fraction for a whole number": Bad(raw("itemInSession", "1.5"), "is no whole number of 64 bits", "itemInSession"),
    "a text for a duration": Bad(raw("length", '"long"'), "is no number", "duration"),
    "a date for a timestamp": Bad(
        raw("ts", '"2018-11-22"'), "is no whole number of 64 bits", "start_time", Reason("is no moment", "start_time")
    ),
    "a timestamp of no year": Bad(raw("ts", "253402300800000"), "is no moment of the years 1 to 9999", "start_time"),
    "an array at top level": Bad(f"[{GOOD}]", "is no JSON object", in_place=Reason("is no text", "artist_name")),
    "a text at top level": Bad('"NextSong"', "is no JSON object", in_place=NO_JSON),
    "no session": Bad(without("sessionId"), "is missing", "session_id"),
    "no item": Bad(without("itemInSession"), "is missing", "itemInSession"),
    "no timestamp": Bad(without("ts"), "is missing", "start_time"),
    "a timestamp of null": Bad(raw("ts", "null"), "is missing", "start_time"),
    "a session of nothing": Bad(raw("sessionId", '""'), "is missing", "session_id"),
    "not UTF-8": Bad(
        b'{"ts": 1, "sessionId": 1, "itemInSession": 1, "song": "Beyonc\xe9"}',
        "is not UTF-8 at byte 62",
        in_place=Reason("is not UTF-8"),
    ),
    "not a number": Bad(raw("length", "NaN"), "is no number", "duration", NO_JSON),
    "infinity": Bad(raw("length", "-Infinity"), "is no number", "duration", NO_JSON),
    "more than a double holds": Bad(raw("length", "1e400"), "is no", "duration"),
    "an integer beyond 64 bits": Bad(
        raw("sessionId", "9223372036854775808"), "is no whole number of 64 bits", "session_id"
    ),
    "a long integer": Bad(raw("status", "9" * 40), "is no whole number of 64 bits", "status"),
    "2,049 bytes of text": Bad(raw("song", '"' + "x" * 2_049 + '"'), "is longer than 2048 bytes", "title"),
    "1,025 letters of two bytes": Bad(raw("song", '"' + "é" * 1_025 + '"'), "is longer than 2048 bytes", "title"),
    "a long user agent": Bad(raw("userAgent", '"' + "x" * 8_193 + '"'), "is longer than 8192 bytes", "user_agent"),
    "a long word": Bad(raw("level", '"' + "x" * 257 + '"'), "is longer than 256 bytes", "level"),
    "a long text for a number": Bad(raw("length", '"' + "é" * 300 + '"'), "is no number", "duration"),
    "a NUL first": Bad(
        raw("song", '"\\u0000Hello"'), "holds a NUL character", in_place=Reason("holds a NUL character", "title")
    ),
    "a raw NUL": Bad(raw("song", '"Hel\0lo"'), "is not JSON"),
    "a trailing comma": Bad(GOOD.replace("}", ",}"), "is not JSON"),
    "a 10 MB line": Bad(raw("song", '"' + "x" * 10_000_000 + '"'), "is longer than 4194304 bytes", by_copy=NO_JSON),
}


# Taken by COPY, which makes a text of them.
NESTED = {
    "an object for a text": Bad(raw("song", '{"de": "Hallo"}'), "is no text", "title"),
    "an array for a text": Bad(raw("artist", '["Adele"]'), "is no text", "artist_name"),
}


@pytest.fixture(params=["a small log", "a large log"])
def padding(request: pytest.FixtureRequest) -> list[str]:
    """Good lines before the bad one: few, or so much that the engine reads the log where it lies."""
    return many_events(1_000_000, userAgent="x" * 8_000) if request.param == "a large log" else [GOOD]


def shown(outcome: Outcome) -> list[str]:
    """What was said, without the narration of what was being done."""
    return [line for line in outcome.err.splitlines() if not line.startswith(("list ", "batch "))]


def as_text(content: str | bytes) -> str:
    return content if isinstance(content, str) else content.decode(errors="replace")


@pytest.fixture(scope="module")
def unchanged(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], Sparkify]]:
    """A warehouse in each engine for runs that change nothing: each test replaces the log of the one before."""
    with ExitStack() as warehouses:

        @cache
        def unchanged_in(engine: str) -> Sparkify:
            folder = tmp_path_factory.mktemp("unchanged") / "sparkify"
            return warehouses.enter_context(opened(request, engine, folder))

        yield unchanged_in


@pytest.mark.parametrize(
    ("bad", "engine"),
    [
        *(pytest.param(bad, "duckdb", id=f"{name}-duckdb") for name, bad in (RECORDS | NESTED).items()),
        *(pytest.param(bad, "redshift", id=f"{name}-redshift") for name, bad in RECORDS.items()),
    ],
)
def test_a_bad_record_stops_the_run_which_says_where_and_why_and_changes_nothing(
    bad: Bad, engine: str, padding: list[str], unchanged: Callable[[str], Sparkify]
) -> None:
    sparkify = unchanged(engine)
    put(sparkify, padding, bad)
    before = sparkify.content()

    outcome = sparkify.etl()

    assert outcome.exit_code == 1, outcome.err
    first, *rest = shown(outcome)
    expected = bad.reason_on(sparkify, is_large=len(padding) > 1)
    assert first.startswith(f"error: {place(sparkify, 'log_data/bad.json', len(padding) + 1, expected)}")
    assert len(first) < 600, "the raw text is shortened"
    assert as_text(bad.text)[:100].replace("\0", "\\0") in first
    assert "repair the objects and deliver them again, or raise MAX_ERRORS" in rest[-2]
    assert rest[-1] == "nothing was changed"
    assert outcome.out == ""
    assert sparkify.content() == before


@ON_BOTH
def test_within_max_errors_bad_records_are_set_aside_and_the_rest_is_loaded(
    padding: list[str], sparkify: Sparkify
) -> None:
    """Each bad record in a log of its own; that each is noticed without the others, the test before shows."""
    logs = {
        f"log_data/{number:02}.json": bad
        for number, bad in enumerate(RECORDS.values() if sparkify.engine != "duckdb" else (RECORDS | NESTED).values())
    }
    for key, bad in logs.items():
        put(sparkify, padding, bad, key)
    sparkify.configure(MAX_ERRORS=len(logs))

    outcome = sparkify.loaded()

    rejected = {key: rest for key, *rest in sparkify.rejected()}
    assert len(sparkify.rejected()) == len(rejected) == len(logs)
    for key, bad in logs.items():
        line, column, reason, raw_text = rejected[key]
        expected = bad.reason_on(sparkify, is_large=len(padding) > 1)
        assert (line, column) == (len(padding) + 1, expected.column), (key, reason)
        assert reason.startswith(expected.reason)
        assert len(raw_text) <= 1_000, "the raw text is shortened"
        assert raw_text[:100] == as_text(bad.text)[:100].replace("\0", "\\0")
    good = len(padding) + 1
    assert sparkify.history() == dict.fromkeys(logs, (good + 1, good, 1))
    assert f"{len(logs)} records (`sparkify rejected` shows them)" in outcome.out
    assert_is(sparkify.star(), oracle.warehouse({}, [*map(json.loads, padding), json.loads(ALSO_GOOD)]))
    checked = sparkify.command("check")
    assert checked.exit_code == 0, checked.err


def put(sparkify: Sparkify, padding: list[str], bad: Bad, key: str = "log_data/bad.json") -> None:
    content = bad.text.encode() if isinstance(bad.text, str) else bad.text
    sparkify.put(key, b"\n".join(["\n".join(padding).encode(), content, ALSO_GOOD.encode()]))


def place(sparkify: Sparkify, key: str, line: int, expected: Reason) -> str:
    """How a message about a bad record begins."""
    column = f", column {expected.column}" if expected.column else ""
    return f"{sparkify.store}/{key}, line {line}{column}: {expected.reason}"


# Each column of the document's table, by its head: a key of an event, the column that it fills, and what reads a cell.
COLUMNS: dict[str, tuple[str, str, Callable[[str], Any]]] = {
    "for a whole number": ("status", "status", int),
    "for a number with a fraction": ("length", "duration", float),
    "for a time (`ts`)": ("ts", "start_time", datetime.fromisoformat),
    "for a text": ("song", "title", lambda cell: cell.strip("`")),
}
# Values that the document names in words.
IN_WORDS = {f"{size:,} bytes of text": f'"{"x" * size}"' for size in (2_048, 2_049)}


class Corner(NamedTuple):
    """A value at the edge of what a column takes: its JSON (None: no such key), and what becomes of it."""

    key: str
    json: str | None
    column: str
    expected: Any


BAD = object()
NAMES = ["session_id", *(column for _, column, _ in COLUMNS.values())]


def corners(engine: str) -> list[Corner]:
    """The document's table as it is for one engine: `this (Redshift: that)` where they differ."""
    section = DOCUMENT.read_text(encoding="utf-8").partition("\n## What is bad\n")[2].partition("\n## ")[0]
    table = re.findall(r"^\|(.*)\|$", section, re.MULTILINE)
    head, _, *rows = ([cell.removeprefix(" ").removesuffix(" ") for cell in row.split(" | ")] for row in table)
    found = []
    for name, *cells in rows:
        text = IN_WORDS.get(name) or (None if name == "no such key" else name.split("`")[1])
        for title, cell in zip(head[1:], cells, strict=True):
            key, column, read = COLUMNS[title]
            here, _, there = cell.partition(" (Redshift: ")
            if engine != "duckdb" and there:
                here = there.removesuffix(")")
            words = {"null": None, "the empty text": "", "as it is": json.loads(text or '""')}
            is_bad = here.startswith("bad")
            found.append(Corner(key, text, column, BAD if is_bad else words[here] if here in words else read(here)))
    return found


def with_value(number: int, corner: Corner) -> str:
    """An event whose session is its own."""
    record = event(sessionId=number) | {corner.key: "@@"}
    if corner.json is None:
        del record[corner.key]
    return json.dumps(record).replace('"@@"', corner.json or "")


def rows_staged_by_a_load(sparkify: Sparkify, sql: str) -> list[Row]:
    """Run the load; the rows of a query on its staging tables, which a session of Redshift takes along at its end."""
    if sparkify.engine == "duckdb":
        sparkify.loaded()
        return sparkify.query(sql)
    from sparkify.engines.redshift.engine import Redshift

    rows: list[Row] = []
    after_commit = Redshift.after_commit

    def noted(engine: Redshift) -> None:
        rows.extend(engine.query(sql))
        after_commit(engine)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Redshift, "after_commit", noted)
        sparkify.loaded()
    return rows


@pytest.mark.parametrize("sparkify", ENGINES, indirect=True)
def test_what_becomes_of_values_at_the_edge_is_what_the_document_says(padding: list[str], sparkify: Sparkify) -> None:
    table = corners(sparkify.engine)
    records = [with_value(number, corner) for number, corner in enumerate(table, 1_000)]
    sparkify.put("log_data/a.json", "\n".join([*padding, *records]))
    sparkify.configure(MAX_ERRORS=len(records))

    rows = rows_staged_by_a_load(sparkify, f"select {', '.join(NAMES)} from staging_events")
    staged = {session: dict(zip(NAMES, [session, *values], strict=True)) for session, *values in rows}
    bad = {line for _, line, *_ in sparkify.rejected()}
    became = [
        BAD if len(padding) + number + 1 in bad else staged[1_000 + number][corner.column]
        for number, corner in enumerate(table)
    ]
    wrong = [
        (c, found) for c, found in zip(table, became, strict=True) if c.expected is not found and c.expected != found
    ]
    assert not wrong
    assert len(bad) + len(rows) == len(padding) + len(records)


HOLDS_NUL = {
    "within a text": raw("song", r'"Hel\u0000lo"'),
    "at the end": raw("userAgent", r'"Mozilla\u0000"'),
    "alone": raw("song", r'"\u0000"'),
    "behind a backslash": raw("song", r'"\\\u0000"'),
    "in a key that no column takes": raw("extra", r'"a\u0000"'),
    "in the name of a key": raw("song", '"Hello"').replace('"song"', r'"so\u0000ng"'),
    "deep in a value": raw("extra", r'[{"a": ["\u0000"]}]'),
}
"""Records with U+0000 where COPY does not refuse it."""


@ON_BOTH
def test_a_nul_anywhere_is_bad_where_records_are_read_one_by_one(sparkify: Sparkify) -> None:
    spelled = raw("song", r'"\\u0000"')  # the text \u0000
    for number, text in enumerate(HOLDS_NUL.values()):
        sparkify.put(f"log_data/{number}.json", "\n".join([GOOD, text, spelled]))
    sparkify.put("song_data/A/bad.json", json.dumps(song(title="Hel\0lo")))
    sparkify.configure(MAX_ERRORS=len(HOLDS_NUL) + 1)
    sparkify.loaded()
    rejected = [(key, line, column, reason) for key, line, column, reason, _ in sparkify.rejected()]
    logs = [(f"log_data/{number}.json", 2, None, "holds a NUL character") for number in range(len(HOLDS_NUL))]
    assert rejected == [*logs, ("song_data/A/bad.json", 1, None, "holds a NUL character")]
    assert sparkify.query("select distinct title from songplays order by title") == [("Hello",), (r"\u0000",)]


HALF_PAIRS = {
    "high, in a text": raw("song", r'"Hel\ud83dlo"'),
    "low, in a text": raw("song", r'"\uDE00"'),
    "high before no low one": raw("song", r'"\ud83d\u0041"'),
    "in the wrong order": raw("song", r'"\ude00\ud83d"'),
    "behind a pair": raw("song", r'"\ud83d\ude00\ud83d"'),
    "behind a backslash": raw("song", r'"\\\ud83d"'),
    "in a key that no column takes": raw("extra", r'["\ud83d"]'),
    "in the name of a key": raw("song", '"Hello"').replace('"auth"', r'"\udeadauth"'),
}
"""Records with half of a surrogate pair."""


@ON_BOTH
def test_half_of_a_surrogate_pair_anywhere_is_bad_where_records_are_read_one_by_one(sparkify: Sparkify) -> None:
    whole = [raw("song", r'"\ud83d\ude00"'), raw("song", r'"\\ud83d"')]
    for number, text in enumerate(HALF_PAIRS.values()):
        sparkify.put(f"log_data/{number}.json", "\n".join([*whole, text]))
    sparkify.configure(MAX_ERRORS=len(HALF_PAIRS), BATCH_SIZE="1 B")
    sparkify.loaded()
    rejected = [(key, line, column) for key, line, column, *_ in sparkify.rejected()]
    assert rejected == [(f"log_data/{number}.json", 3, None) for number in range(len(HALF_PAIRS))]
    for _, _, _, reason, _ in sparkify.rejected():
        assert re.fullmatch(r"is not JSON: \\u(d83d|de00|dead) is half of a surrogate pair", reason)


@ON_BOTH
def test_a_record_of_many_levels_is_taken_or_not_as_the_document_says(sparkify: Sparkify) -> None:
    assert "more than a few hundred levels" in DOCUMENT.read_text(encoding="utf-8")
    deep = raw("extra", "[" * 5_000 + "]" * 5_000)
    sparkify.put("log_data/a.json", f"{ALSO_GOOD}\n{deep}")
    sparkify.configure(MAX_ERRORS=1)
    sparkify.loaded()
    assert [line for _, line, *_ in sparkify.rejected()] == ([] if sparkify.engine == "duckdb" else [2])


@pytest.mark.parametrize("sparkify", ENGINES[1:], indirect=True)
def test_where_copy_reads_a_log_a_nul_within_a_text_ends_it_as_the_document_says(sparkify: Sparkify) -> None:
    assert "COPY may end the text before it" in DOCUMENT.read_text(encoding="utf-8")
    padding = many_events(1_000_000, page="Home", userId="", userAgent="x" * 8_000)
    sparkify.put("log_data/a.json", "\n".join([*padding, HOLDS_NUL["within a text"]]))
    sparkify.loaded()
    assert sparkify.query("select title from songplays") == [("Hel",)]


SONGS = {
    "no song": Bad(json.dumps(song(song_id=None)), "is missing", "song_id"),
    "a year in words": Bad(json.dumps(song(year="MMXV")), "is no whole number of 64 bits", "year"),
    "a latitude in degrees": Bad(json.dumps(song(artist_latitude="41°N")), "is no number", "artist_latitude"),
    "an array at top level": Bad(json.dumps([song()]), "is no JSON object"),
    "broken JSON": Bad(json.dumps(song())[:-5], "is not JSON"),
    "a long key": Bad(json.dumps(song(song_id="S" * 257)), "is longer than 256 bytes", "song_id"),
    "an artist of nothing": Bad(json.dumps(song(artist_id="")), "is missing", "artist_id"),
}


@ON_BOTH
@pytest.mark.parametrize("bad", SONGS.values(), ids=SONGS)
def test_a_bad_song_record_stops_the_run_or_is_set_aside(bad: Bad, sparkify: Sparkify) -> None:
    sparkify.put("song_data/A/bad.json", bad.text)
    sparkify.put("song_data/A/good.json", json.dumps(song()))
    before = sparkify.content()

    stopped = sparkify.etl()
    assert stopped.exit_code == 1
    assert shown(stopped)[0].startswith(f"error: {place(sparkify, 'song_data/A/bad.json', 1, bad.reason_on(sparkify))}")
    assert sparkify.content() == before

    sparkify.configure(MAX_ERRORS=1)
    sparkify.loaded()
    assert sparkify.history() == {"song_data/A/bad.json": (1, 0, 1), "song_data/A/good.json": (1, 1, 0)}
    assert_is(sparkify.star(), oracle.warehouse({"song_data/A/good.json": [song()]}, []))


@pytest.mark.parametrize("sparkify", ENGINES, indirect=True)
def test_a_song_without_a_key_is_set_aside_and_never_loaded(sparkify: Sparkify) -> None:
    sparkify.put("song_data/A/bad.json", lines([song(song_id=""), song(artist_id="")]))
    sparkify.put("song_data/A/good.json", json.dumps(song()))
    assert sparkify.etl().exit_code == 1
    sparkify.configure(MAX_ERRORS=2)
    sparkify.loaded()
    assert_is(sparkify.star(), oracle.warehouse({"song_data/A/good.json": [song()]}, []))
    assert sparkify.query("select count(*) from catalogue") == [(1,)]
    assert [sum(counts) for counts in zip(*sparkify.history().values(), strict=True)] == [3, 1, 2]
    assert len(sparkify.rejected()) == 2


@ON_BOTH
def test_a_file_that_is_cut_off_loses_its_last_record_only(padding: list[str], sparkify: Sparkify) -> None:
    content = "\n".join([*padding, ALSO_GOOD])
    sparkify.put("log_data/cut.json", content[:-30])
    sparkify.configure(MAX_ERRORS=1)
    sparkify.loaded()
    [(_, line, _, reason, _)] = sparkify.rejected()
    assert line == len(padding) + 1
    assert reason.startswith("is not JSON")
    assert_is(sparkify.star(), oracle.warehouse({}, map(json.loads, padding)))


FOLLOWED = "cannot be unpacked: something follows its packed data that is cut off, spoilt, or not packed"
PACKED = {
    "gzip, cut off": ("cut.json.gz", gzip.compress(GOOD.encode())[:-9], "cannot be unpacked: it is cut off"),
    "gzip, cut off in its head": ("cut.json.gz", gzip.compress(GOOD.encode())[:5], "cannot be unpacked: it is cut off"),
    "gzip, spoilt": ("spoilt.json.gz", gzip.compress(GOOD.encode())[:-8] + b"12345678", "cannot be unpacked"),
    "gzip that is none": ("none.json.gz", GOOD.encode(), "cannot be unpacked"),
    "gzip, large, cut off": (
        "large.json.gz",
        gzip.compress("\n".join(many_events(2_000_000)).encode())[:-9],
        "it is cut off",
    ),
    "gzip, with a line behind it": ("line.json.gz", gzip.compress(GOOD.encode()) + b"\n", FOLLOWED),
    "gzip, with JSON behind it": ("more.json.gz", gzip.compress(GOOD.encode()) + GOOD.encode(), FOLLOWED),
    "gzip, the second part cut off": (
        "parts.json.gz",
        gzip.compress(GOOD.encode()) + gzip.compress(GOOD.encode())[:-9],
        FOLLOWED,
    ),
    "zstandard, with gzip behind it": (
        "mixed.json.zst",
        zstd.compress(GOOD.encode()) + gzip.compress(GOOD.encode()),
        FOLLOWED,
    ),
    "zstandard, cut off": ("cut.json.zst", zstd.compress(GOOD.encode())[:-9], "cannot be unpacked: it is cut off"),
    "zstandard, spoilt": ("spoilt.json.zst", zstd.compress(GOOD.encode())[:8] + b"spoilt", "cannot be unpacked"),
    "zstandard, with a window of 256 MB": (
        "wide.json.zst",
        b"\x28\xb5\x2f\xfd\x00\x90\x11\x00\x00{}",
        "cannot be unpacked: Unable to decompress Zstandard data: Frame requires too much memory for decoding",
    ),
    "zstandard that is none": ("none.json.zst", GOOD.encode(), "cannot be unpacked"),
}


@ON_BOTH
@pytest.mark.parametrize("prefix", ["song_data", "log_data"])
@pytest.mark.parametrize(("name", "content", "reason"), PACKED.values(), ids=PACKED)
def test_an_object_that_can_not_be_unpacked_is_one_bad_record(
    name: str, content: bytes, reason: str, prefix: str, sparkify: Sparkify
) -> None:
    sparkify.put_as_it_is(f"{prefix}/{name}", content)
    sparkify.put("log_data/good.json", GOOD)
    before = sparkify.content()

    stopped = sparkify.etl()
    assert stopped.exit_code == 1
    assert shown(stopped)[0].startswith(f"error: {sparkify.store}/{prefix}/{name}: ")
    assert reason in shown(stopped)[0]
    assert sparkify.content() == before

    sparkify.configure(MAX_ERRORS=1)
    sparkify.loaded()
    assert sparkify.history() == {f"{prefix}/{name}": (1, 0, 1), "log_data/good.json": (1, 1, 0)}
    assert_is(sparkify.star(), oracle.warehouse({}, [event(sessionId=1)]))


@ON_BOTH
@pytest.mark.parametrize(("ending", "pack"), [(".gz", gzip.compress), (".zst", zstd.compress)])
@pytest.mark.parametrize("count", [1, 2_000])
def test_an_object_packed_in_several_parts_is_read_to_its_end(
    ending: str, pack: object, count: int, sparkify: Sparkify
) -> None:
    assert callable(pack)
    parts = [lines(event(sessionId=part, itemInSession=n) for n in range(count)) + "\n" for part in range(3)]
    sparkify.put_as_it_is(f"log_data/parts.json{ending}", b"".join(pack(part.encode()) for part in parts))
    sparkify.loaded()
    assert sparkify.history() == {f"log_data/parts.json{ending}": (3 * count, 3 * count, 0)}


@ON_BOTH
def test_of_lines_in_a_row_that_are_no_json_each_is_a_bad_record(sparkify: Sparkify) -> None:
    sparkify.put("log_data/a.json", "\n".join([GOOD, "bad", "3", "null", '{"ts": 1', "worse", ALSO_GOOD]))
    sparkify.configure(MAX_ERRORS=5)
    sparkify.loaded()
    assert [line for _, line, *_ in sparkify.rejected()] == [2, 3, 4, 5, 6]
    assert sparkify.history() == {"log_data/a.json": (7, 2, 5)}


@ON_BOTH
def test_of_many_bad_records_the_first_are_shown_and_the_rest_counted(sparkify: Sparkify) -> None:
    sparkify.put("log_data/bad.json", "\n".join([raw("ts", '"never"')] * 12))
    sparkify.configure(MAX_ERRORS=11)
    outcome = sparkify.etl()
    assert outcome.exit_code == 1
    printed = shown(outcome)
    assert [line.split(", ")[1] for line in printed[:5]] == [f"line {n}" for n in range(1, 6)]
    assert printed[5] == "and 7 more"
    assert printed[6].startswith("12 bad records, and [ETL] MAX_ERRORS allows 11")


@ON_BOTH
def test_batches_committed_before_a_bad_record_stay_and_the_message_says_so(sparkify: Sparkify) -> None:
    for n in range(3):
        sparkify.put(f"log_data/{n}.json", json.dumps(event(sessionId=n)))
    sparkify.put("log_data/9.json", "bad")
    sparkify.configure(BATCH_SIZE="1 B")
    outcome = sparkify.etl()
    assert outcome.exit_code == 1
    assert "(batches: 3)" in shown(outcome)[-1]
    assert_is(sparkify.star(), oracle.warehouse({}, [event(sessionId=n) for n in range(3)]))


@ON_BOTH
def test_bad_records_of_all_batches_count_together(sparkify: Sparkify) -> None:
    for n in range(3):
        sparkify.put(f"log_data/{n}.json", f"bad\n{json.dumps(event(sessionId=n))}")
    sparkify.configure(BATCH_SIZE="1 B", MAX_ERRORS=2)
    outcome = sparkify.etl()
    assert outcome.exit_code == 1
    assert set(sparkify.history()) == {"log_data/0.json", "log_data/1.json"}

    sparkify.loaded()  # another run may set aside as many again
    assert sparkify.history() == {f"log_data/{n}.json": (2, 1, 1) for n in range(3)}


@ON_BOTH
def test_an_object_mended_and_delivered_again_leaves_no_rejected_record(sparkify: Sparkify) -> None:
    sparkify.configure(MAX_ERRORS=1)
    sparkify.put("log_data/a.json", f"{GOOD}\nbad")
    sparkify.loaded()
    assert len(sparkify.rejected()) == 1
    sparkify.put("log_data/a.json", f"{GOOD}\n{ALSO_GOOD}")
    sparkify.loaded()
    assert sparkify.rejected() == []
    assert sparkify.history() == {"log_data/a.json": (2, 2, 0)}


@ON_BOTH
def test_the_largest_texts_and_numbers_that_fit_are_loaded(padding: list[str], sparkify: Sparkify) -> None:
    largest = event(
        song="x" * 2_048,
        artist="é" * 1_024,
        location="é" * 1_024,
        userAgent="x" * 8_192,
        level="x" * 256,
        sessionId=2**63 - 1,
        itemInSession=-(2**63),
        ts=253_402_300_799_999,
        length=1.7976931348623157e308,
        userId="0",
    )
    earliest = event(ts=-62_135_596_800_000, itemInSession="2", sessionId="3", length="0.1", userId=0)
    sparkify.put("log_data/a.json", "\n".join([*padding, json.dumps(largest), json.dumps(earliest)]))
    sparkify.loaded()
    assert_is(sparkify.star(), oracle.warehouse({}, [*map(json.loads, padding), largest, earliest]))
