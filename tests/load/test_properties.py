"""The promise: the warehouse is a function of what was delivered, in any order and split, with any crashes."""

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from harness import oracle, reading
from harness.engines import opened
from harness.examples import TIMES
from harness.program import Outcome
from harness.records import encoded_again, event, lines, many_events
from harness.redshift import Access, Servers
from harness.rows import Row, assert_is
from harness.warehouse import Sparkify, object_key
from sparkify import config, listing, sql_queries, warehouse
from sparkify.engines.duckdb.engine import DuckDB
from sparkify.engines.engine import CarefulReadingNeededError, Engine, Source
from sparkify.engines.redshift.engine import Redshift
from sparkify.engines.staged import BadRecordLimit
from sparkify.errors import LoadError
from sparkify.plan import Batch
from sparkify.progress import Progress
from sparkify.store import StoredObject

QUIET = Progress(detail="quiet")


class Make(Protocol):
    """Makes a warehouse for one example of a property."""

    def __call__(self, **etl_settings: str | int) -> AbstractContextManager[Sparkify]: ...


@pytest.fixture(scope="module")
def make(request: pytest.FixtureRequest) -> Make:
    """Warehouses in DuckDB, unless the test names an engine of `ENGINES`."""

    @contextmanager
    def temporary(**etl_settings: str | int) -> Iterator[Sparkify]:
        engine = getattr(request, "param", "duckdb")
        with (
            tempfile.TemporaryDirectory(prefix="property-") as name,
            opened(request, engine, Path(name) / "sparkify", **etl_settings) as sparkify,
        ):
            yield sparkify

    return temporary


# ---------------------------------------------------------------- small worlds, in which everything collides


def delivered(*texts: Any) -> st.SearchStrategy[Any]:
    """Values as logs and songs deliver them: some encoded once or twice too often, some with blanks at their end."""

    def spoiled(pair: tuple[Any, str]) -> Any:
        text, how = pair
        ways = {
            "again": encoded_again(text),
            "twice": encoded_again(text, 2),
            "blank": f"{text} ",
            "blanks": f"{text}  ",
        }
        return ways.get(how, text)

    texts_only = st.sampled_from([text for text in texts if isinstance(text, str)])
    spoiled_texts = st.tuples(texts_only, st.sampled_from(["again", "twice", "blank", "blanks"])).map(spoiled)
    return st.sampled_from(texts) | st.sampled_from(texts) | spoiled_texts


TITLES = delivered("Hello", "hello", "Überlin", "夜", "Ã la carte", "Â", "Ãœ", 112, "112", 4.5, "", "False", None)
ARTISTS = delivered("Adele", "ADELE", "Adele feat. Koch", "Beyoncé", "Dvořák", 311, "311", "", None)
PLACES = delivered("", " ", "\u00a0", "Oslo", "Zürich", "Oslo/Bergen", 66, None)
DURATIONS = st.sampled_from([100, 100.0, 100.5, "100.5", "", 99.5, 295.47057, 0, None])
COORDINATES = st.sampled_from([None, 0, 1.5, -33.86, "1.5", ""])
T0 = 1_542_845_032_796


def keys_left_out(records: st.SearchStrategy[dict[str, Any]], needed: set[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Records in which some of the keys that are not needed are missing rather than null."""

    def without(pair: tuple[dict[str, Any], set[str]]) -> dict[str, Any]:
        record, left_out = pair
        return {key: value for key, value in record.items() if key in needed or key not in left_out}

    optional = ["title", "artist_name", "artist_location", "year", "duration", "song", "artist", "length", "level"]
    return st.tuples(records, st.just(set()) | st.sets(st.sampled_from(optional), max_size=3)).map(without)


SONGS = keys_left_out(
    st.fixed_dictionaries(
        {
            "num_songs": st.just(1),
            "artist_id": delivered("AR1", "AR2", "ARé"),
            "artist_latitude": COORDINATES,
            "artist_longitude": COORDINATES,
            "artist_location": PLACES,
            "artist_name": ARTISTS,
            "song_id": delivered("SO1", "SO2", "SOé"),
            "title": TITLES,
            "duration": DURATIONS,
            "year": st.sampled_from([0, 1999, 2010, "2010", "", None]),
        }
    ),
    needed={"song_id", "artist_id"},
)

EVENTS = keys_left_out(
    st.fixed_dictionaries(
        {
            "artist": ARTISTS,
            "auth": delivered("Logged In", "Logged Out", "Guest"),
            "firstName": delivered("Lily", "Zoë", None),
            "gender": delivered("F", "M", None),
            "itemInSession": st.sampled_from([0, 1, "1", 2]),
            "lastName": delivered("Koch", "Ng", None),
            "length": DURATIONS,
            "level": delivered("free", "paid", None),
            "location": PLACES,
            "method": delivered("PUT", "GET"),
            "page": st.sampled_from(["NextSong", "NextSong", "NextSong", "Home", "Home ", "NextSong ", "", None]),
            "registration": st.sampled_from(
                [
                    1541048010796.0,
                    1541048010796.9,
                    1541048010797,
                    4e12,
                    253402300799999,
                    -62135596800000,
                    -1.5,
                    1e300,
                    None,
                ]
            ),
            "sessionId": st.sampled_from([1, 2, "2"]),
            "song": TITLES,
            "status": st.sampled_from([200, 307, "200", None]),
            "ts": st.sampled_from(
                [T0, T0 + 1, T0 + 1000, str(T0), -1, 999, *(T0 + days * 86_400_000 for days in (-1, 40, 300, 9_000))]
            ),
            "userAgent": delivered('"Mozilla/5.0"', "Mozilla/4.0", None),
            "userId": delivered("", "15", "16", "é", 16, None),
        }
    ),
    needed={"itemInSession", "sessionId", "ts", "page", "userId"},
)


def pretty(records: list[dict[str, Any]]) -> str:
    """Records over several lines, with white space between them and Windows line ends."""
    return "\r\n\r\n".join(json.dumps(record, indent=2, ensure_ascii=False) for record in records) + "\r\n"


def glued(records: list[dict[str, Any]]) -> str:
    """Records with nothing between them."""
    return "".join(map(json.dumps, records))


LAYOUTS: dict[str, tuple[Callable[[list[dict[str, Any]]], str], str]] = {
    "lines": (lines, ".json"),
    "pretty": (pretty, ".json"),
    "glued": (glued, ".json"),
    "gzip": (lines, ".json.gz"),
    "zstandard": (lines, ".json.zst"),
}


# ---------------------------------------------------------------- deliveries, runs and crashes in any order


class Deliveries(RuleBasedStateMachine):
    """A bucket that changes in every way a bucket can, and runs that end in every way a run can."""

    def __init__(self, make: Make) -> None:
        super().__init__()
        self.made = ExitStack()
        self.sparkify = self.made.enter_context(make())
        self.bucket: dict[str, list[dict[str, Any]]] = {}
        self.catalogue: dict[str, list[dict[str, Any]]] = {}
        self.events: list[dict[str, Any]] = []
        self.forgotten: set[str] = set()
        self.number = 0
        self.is_verified = False
        """Whether the warehouse was compared since a command ran that may have changed it."""

    def teardown(self) -> None:
        self.made.close()

    def put(self, key: str, layout: str, records: list[dict[str, Any]]) -> None:
        write, _ = LAYOUTS[layout]
        self.sparkify.put(key, write(records))
        self.bucket[key] = records

    def new_key(self, prefix: str, layout: str) -> str:
        self.number += 1
        _, ending = LAYOUTS[layout]
        return f"{prefix}/A/{self.number % 3}/{self.number}{ending}"

    @rule(layout=st.sampled_from([*LAYOUTS]), records=st.lists(SONGS, min_size=1, max_size=3))
    def deliver_songs(self, layout: str, records: list[dict[str, Any]]) -> None:
        self.put(self.new_key("song_data", layout), layout, records)

    @rule(layout=st.sampled_from([*LAYOUTS]), records=st.lists(EVENTS, min_size=1, max_size=8))
    def deliver_a_log(self, layout: str, records: list[dict[str, Any]]) -> None:
        self.put(self.new_key("log_data", layout), layout, records)

    @precondition(lambda self: self.bucket)
    @rule(data=st.data(), layout=st.sampled_from([*LAYOUTS]))
    def deliver_again_under_another_name(self, data: st.DataObject, layout: str) -> None:
        key = data.draw(st.sampled_from(sorted(self.bucket)))
        self.put(self.new_key(key.partition("/")[0], layout), layout, self.bucket[key])

    @precondition(lambda self: self.bucket)
    @rule(data=st.data(), is_same=st.booleans())
    def overwrite_a_song_object(self, data: st.DataObject, is_same: bool) -> None:
        if keys := sorted(key for key in self.bucket if key.startswith("song_data")):
            key = data.draw(st.sampled_from(keys))
            records = self.bucket[key] if is_same else data.draw(st.lists(SONGS, min_size=1, max_size=3))
            self.put(key, "lines", records)

    @precondition(lambda self: self.bucket)
    @rule(data=st.data(), keeps=st.booleans(), more=st.lists(EVENTS, min_size=1, max_size=4))
    def overwrite_a_log(self, data: st.DataObject, keeps: bool, more: list[dict[str, Any]]) -> None:
        if keys := sorted(key for key in self.bucket if key.startswith("log_data")):
            key = data.draw(st.sampled_from(keys))
            self.put(key, "lines", (self.bucket[key] if keeps else []) + more)

    @precondition(lambda self: self.bucket)
    @rule(data=st.data())
    def let_an_object_expire(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from(sorted(self.bucket)))
        self.sparkify.remove(key)
        del self.bucket[key]

    @rule(batch_size=st.sampled_from(["1 B", "1 KB", "3 KB", "1 MB"]))
    def run(self, batch_size: str) -> None:
        done = self.etl(batch_size)
        assert done.exit_code == 0, done.err
        assert set(self.bucket) <= set(self.loaded_etags()), "an object of the bucket was not loaded"

    @rule(
        batch_size=st.sampled_from(["1 B", "1 KB", "1 MB"]),
        step=st.integers(1, 120),
        stays=st.booleans(),
        fault=st.sampled_from([LoadError, KeyboardInterrupt]),
        is_after=st.booleans(),
    )
    def crash(self, batch_size: str, step: int, stays: bool, fault: type[BaseException], is_after: bool) -> None:
        with pytest.MonkeyPatch.context() as patch:
            fail_at_statement(patch, step, fault, stays=stays, is_after=is_after)
            done = self.etl(batch_size)
        note(f"the run ended with exit code {done.exit_code}")
        assert done.exit_code in (0, 1, 130), done.err

    @rule(user_id=st.sampled_from(["15", "16", "é", "nobody", "15 ", encoded_again("é")]))
    def forget_a_user(self, user_id: str) -> None:
        self.is_verified = False
        done = self.sparkify.command("forget", user_id, "--yes")
        assert done.exit_code == 0, done.err
        self.forgotten.add(reading.clean(user_id))

    @rule()
    def run_dry(self) -> None:
        before = self.sparkify.content(with_runs=True)
        done = self.sparkify.etl("--dry-run")
        assert done.exit_code == 0, done.err
        assert self.sparkify.content(with_runs=True) == before

    @rule()
    def create_the_tables_again(self) -> None:
        before = self.sparkify.content()
        self.is_verified = False
        self.sparkify.created()
        assert self.sparkify.content() == before

    def etl(self, batch_size: str) -> Outcome:
        """Run the load, and note of which objects it committed the content that the bucket holds."""
        self.sparkify.configure(BATCH_SIZE=batch_size)
        before = self.loaded_etags()
        self.is_verified = False
        done = self.sparkify.etl()
        for key, etag in self.loaded_etags().items():
            if before.get(key) == etag:
                continue
            if key.startswith("song_data"):
                self.catalogue[key] = self.bucket[key]
            else:
                self.events += self.bucket[key]
        return done

    def loaded_etags(self) -> dict[str, str]:
        return {object_key(name): etag for name, etag in self.sparkify.query("select object, etag from load_history")}

    @initialize()
    def start_with_empty_tables(self) -> None:
        assert not self.loaded_etags()

    @precondition(lambda self: not self.is_verified)
    @invariant()
    def the_warehouse_is_what_one_load_of_everything_loaded_makes_and_passes_its_own_checks(self) -> None:
        remembered = [each for each in self.events if reading.event(each).user_id not in self.forgotten]
        assert_is(self.sparkify.star(), oracle.warehouse(self.catalogue, remembered))
        self.sparkify.assert_runs_tell_the_plays()
        checked = self.sparkify.command("check")
        assert checked.exit_code == 0, checked.err
        self.is_verified = True


def fail_at_statement(
    patch: pytest.MonkeyPatch, step: int, fault: type[BaseException], *, stays: bool, is_after: bool
) -> None:
    """Let the n-th statement fail, before or after it is carried out; and all later ones if the fault stays."""
    count = 0

    def failing(run: Callable[..., Any]) -> Callable[..., Any]:
        def run_or_fail(*arguments: Any) -> Any:
            nonlocal count
            count += 1
            is_struck = count == step or (stays and count > step)
            if is_struck and not is_after:
                raise fault("injected")
            result = run(*arguments)
            if is_struck:
                raise fault("injected")
            return result

        return run_or_fail

    patch.setattr(DuckDB, "query", failing(DuckDB.query))
    patch.setattr(Redshift, "run_untranslated", failing(Redshift.run_untranslated))


@pytest.mark.parametrize(("make", "examples"), [("duckdb", 15), ("redshift", 4)], indirect=["make"])
def test_the_warehouse_is_what_was_delivered_after_any_deliveries_runs_and_crashes(make: Make, examples: int) -> None:
    class Machine(Deliveries):
        def __init__(self) -> None:
            super().__init__(make)

    many = settings(max_examples=examples * TIMES, stateful_step_count=12)
    run_state_machine_as_test(Machine, settings=many)


# ---------------------------------------------------------------- any split, any order, any repetition


@pytest.mark.parametrize(
    ("make", "examples"), [("duckdb", 12), ("redshift", 4), ("redshift without WORK", 3)], indirect=["make"]
)
def test_any_split_order_and_repetition_of_the_same_records_makes_the_same_warehouse(make: Make, examples: int) -> None:
    @settings(max_examples=examples * TIMES)
    @given(songs=st.lists(SONGS, max_size=8), events=st.lists(EVENTS, max_size=14), data=st.data())
    def holds(songs: list[dict[str, Any]], events: list[dict[str, Any]], data: st.DataObject) -> None:
        split = Split(data)
        with make() as at_once, make() as in_parts:
            for prefix, records in (("song_data", songs), ("log_data", events)):
                if records:
                    at_once.put(f"{prefix}/all.json", lines(records))
            at_once.loaded()
            parts = [*split.parts("song_data", songs), *split.parts("log_data", events)]
            for number, (prefix, part) in enumerate(data.draw(st.permutations(parts))):
                in_parts.put(f"{prefix}/{number}.json", lines(part))
                if data.draw(st.booleans()):
                    in_parts.loaded()
            in_parts.configure(BATCH_SIZE=data.draw(st.sampled_from(["1 B", "1 KB", "1 MB", "1 MB"])))
            in_parts.loaded()
            assert_is(in_parts.star(), at_once.star())
            assert_is(at_once.star(), oracle.warehouse({"song_data/all.json": songs}, events))

    holds()


class Split:
    """Cuts records into objects, some records going into several of them."""

    def __init__(self, data: st.DataObject) -> None:
        self.data = data

    def parts(self, prefix: str, records: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
        places = st.sets(st.integers(0, 3), min_size=1, max_size=2)
        members: list[list[dict[str, Any]]] = [[], [], [], []]
        for record in self.data.draw(st.permutations(records)):
            for place in self.data.draw(places):
                members[place].append(record)
        return [(prefix, part) for part in members if part]


@pytest.mark.parametrize(
    ("make", "examples"), [("duckdb", 15), ("redshift", 4), ("redshift without WORK", 2)], indirect=["make"]
)
def test_a_user_who_is_forgotten_at_any_moment_is_as_one_who_never_was(make: Make, examples: int) -> None:
    @settings(max_examples=examples * TIMES)
    @given(
        songs=st.lists(SONGS, max_size=3),
        events=st.lists(EVENTS, min_size=4, max_size=14),
        user_ids=st.sets(st.sampled_from(["15", "16", "é"]), min_size=1, max_size=2),
        data=st.data(),
    )
    def holds(
        songs: list[dict[str, Any]], events: list[dict[str, Any]], user_ids: set[str], data: st.DataObject
    ) -> None:
        parts = [*Split(data).parts("song_data", songs), *Split(data).parts("log_data", events)]
        acts: list[Any] = data.draw(st.permutations([*parts, *user_ids]))
        with make() as sparkify:
            for number, act in enumerate(acts):
                if isinstance(act, str):
                    assert sparkify.command("forget", act, "--yes").exit_code == 0
                else:
                    sparkify.put(f"{act[0]}/{number}.json", lines(act[1]))
                    sparkify.loaded()
            sparkify.put("log_data/again.json", lines(events))
            sparkify.loaded()
            others = [each for each in events if reading.event(each).user_id not in user_ids]
            assert_is(sparkify.star(), oracle.warehouse({"song_data/all.json": songs}, others))
            sparkify.assert_runs_tell_the_plays()
            checked = sparkify.command("check")
            assert checked.exit_code == 0, checked.err

    holds()


# ---------------------------------------------------------------- several ways of staging, one result

LARGE_LOG = 64_000
"""Bytes: a larger log is read by DuckDB where it lies, a smaller one is judged record by record."""

NUMBERS = [
    *("0", "1", "-0", "3.0", "3.5", "1e2", "1e400", "-1e400", "1e-400", "0.30000000000000004", "12345678.123456789"),
    *("9223372036854775807", "9223372036854775808", "-9223372036854775809", "123456789012345678901234567890"),
    *(
        "NaN",
        "-NaN",
        "nan",
        "Infinity",
        "-Infinity",
        "inf",
        "+1",
        ".5",
        "5.",
        "01",
        "0x10",
        "1_000",
        " 3 ",
        "3 // three",
    ),
]
NUMBERS_AS_TEXT = [
    *(
        '""',
        '" "',
        '"3"',
        '"3.0"',
        '"007"',
        '" 3 "',
        '"+3"',
        '"-0"',
        '"1e2"',
        '"1,5"',
        '"1_000"',
        '"0x10"',
        '"٣"',
        '"½"',
    ),
    *('"NaN"', '"nan"', '"Infinity"', '"-inf"', '"1e400"', '"9223372036854775808"', '"2018-11-22"'),
]
MOMENTS = ["1542845032796.0", "253402300799999", "253402300800000", "-62135596800000", "-62135596800001", "-1", "999"]
NO_NUMBERS = ["true", "false", "null", '"true"', '"null"', '"x"', "[]", "[1]", '["x"]', "{}", '{"a": 1}', "None", '"é"']
TEXTS = [
    *('"[x]"', '"[1]"', '"{}"', '"{x}"', '"[]"', '"{\\"a\\": 1}"', '"\\""', '"a,}"', '"a, }"', '"\\/"', '"\\n"', '"é"'),
    *(
        '"a\\u0000b"',
        '"\\\\u0000"',
        '"\\\\\\u0000"',
        '"\\ud800"',
        '"\\ud83d\\ude00"',
        '"\\x"',
        '"\t"',
        '"\x01"',
        '"\u2028"',
    ),
    *("'x'", '"x', '"x"y', '"NaN, Infinity"', '"Infinity"', '"nan"', '"false"', '"inf and more"', '"\ufeff"'),
]


def text_of(size: int, letter: str = "x") -> str:
    """A JSON text of so many bytes."""
    return '"' + letter * (size // len(letter.encode())) + '"'


ODD_VALUES = {
    "artist": [*TEXTS, "true", "null", "[]", '{"a": 1}', "NaN", "-Infinity", "1e400", "3.0", "1E+2"],
    "song": [text_of(2_048), text_of(2_049), text_of(2_050, "é")],
    "level": ['"[x]"', '""', "NaN", "true", text_of(256), text_of(257), text_of(256, "é"), text_of(258, "é")],
    "length": [*NUMBERS, "true", "false", '"x"', "[]", '{"a": 1}', text_of(256), text_of(256, "é")],
    "registration": NUMBERS_AS_TEXT,
    "status": [
        "0",
        "1",
        "true",
        "null",
        "3.0",
        "1e2",
        '""',
        '" "',
        '"3"',
        '"007"',
        '" 3 "',
        '"+3"',
        '"-0"',
        '"٣"',
        "[]",
    ],
    "ts": [*MOMENTS, "null", "true", "3.0", '""', '" 3 "', '"007"', '"999"', "NaN", "123456789012345678901234567890"],
    "sessionId": ["null", '""', '"3"', "3.0", "true", "[]", "-1", '"9223372036854775808"', "NaN"],
    "userId": ["0", "null", '" "', '"[x]"', "true", "1e2", "NaN", '"NaN"', "[]", text_of(257)],
    "extra": ["NaN", "nan", "-inf", '"\\u0000"', "[1,]", '{"a": 1,}', '{"a": [{}]}', '"NaN"', "1e400", "'x'"],
}


def with_value(number: int, key: str, text: str) -> str:
    """A play whose session is its own, with a value spelled out as JSON or as something like it."""
    record = event(sessionId=number, extra=None) | {key: "@@"}
    return json.dumps(record).replace('"@@"', text)


KEYS = '"sessionId": 1, "itemInSession": 1, "ts": 1'

# @N stands for the needed keys, @K for them and the page of a play.
ODD_LINES = {
    name: line.replace("@K", KEYS + ', "page": "NextSong"').replace("@N", KEYS)
    for name, line in {
        "a trailing comma": "{@K,}",
        "a trailing comma and a blank": "{@K, }",
        "a trailing comma and blanks": "{@K,  \t}",
        "a trailing comma inside": '{@K, "x": {"a": 1,}}',
        "a trailing comma in an array": '{@K, "x": [1,]}',
        "a leading comma": "{,@K}",
        "two commas": '{"sessionId": 1,, "itemInSession": 1, "ts": 1, "page": "NextSong"}',
        "no comma": '{"sessionId": 1 "itemInSession": 1, "ts": 1, "page": "NextSong"}',
        "a key twice": '{@K, "level": "a", "level": "b"}',
        "a key twice, null last": '{@K, "level": "a", "level": null}',
        "a key twice, null first": '{@K, "level": null, "level": "b"}',
        "a needed key twice": '{"sessionId": 1, "sessionId": 2, "itemInSession": 1, "ts": 1, "page": "NextSong"}',
        "a key in other letters": '{"sessionid": 1, "sessionId": 2, "itemInSession": 1, "ts": 1, "page": "NextSong"}',
        "only a key in other letters": '{"SESSIONID": 2, "itemInSession": 1, "ts": 1, "page": "NextSong"}',
        "another key in other letters": '{@K, "LEVEL": "paid"}',
        "a key with an escape": '{"session\\u0049d": 1, "itemInSession": 1, "ts": 1, "page": "NextSong"}',
        "keys without quotes": '{sessionId: 1, itemInSession: 1, ts: 1, page: "NextSong"}',
        "single quotes": "{'sessionId': 1, 'itemInSession': 1, 'ts': 1, 'page': 'NextSong'}",
        "a comment": "{@K /* a play */}",
        "a comment after": "{@K} // a play",
        "text after": "{@K} x",
        "text before": "x {@K}",
        "two on a line": '{@K}{"sessionId": 2, "itemInSession": 1, "ts": 1}',
        "two on a line, with a blank": '{@N} {"sessionId": 2, "itemInSession": 1, "ts": 1}',
        "two on a line, with a comma": '{@N}, {"sessionId": 2, "itemInSession": 1, "ts": 1}',
        "an array": "[{@K}]",
        "an empty object": "{}",
        "an empty array": "[]",
        "null": "null",
        "a number": "3",
        "a text": '"NextSong"',
        "not a number": "NaN",
        "nothing but blanks": "  \t ",
        "a brace": "{",
        "a closing brace": "}",
        "cut off in a text": '{@N, "page": "NextS',
        "cut off after a key": '{"sessionId": 1, "itemInSession": 1, "ts":',
        "over two lines": '{"sessionId": 1, "itemInSession": 1,\n"ts": 1, "page": "NextSong"}',
        "a carriage return at its end": "{@K}\r",
        "a carriage return inside": '{"sessionId": 1, "itemInSession": 1,\r"ts": 1, "page": "NextSong"}',
        "a form feed": '{"sessionId": 1,\f"itemInSession": 1, "ts": 1, "page": "NextSong"}',
        "a no-break space": '{"sessionId": 1,\u00a0"itemInSession": 1, "ts": 1, "page": "NextSong"}',
        "a byte order mark inside": "\ufeff{@K}",
        "a raw NUL": '{@N, "page": "Next\0Song"}',
        "a raw NUL after": "{@K}\0",
        "NaN where no column looks": '{@K, "x": NaN}',
        "NaN in small letters": '{@K, "x": nan}',
        "inf where no column looks": '{@K, "x": -inf}',
        "NaN within a text": '{@K, "song": "NaN, Infinity"}',
        "a NUL where no column looks": '{@K, "x": "\\u0000"}',
        "a NUL in a key": '{@K, "\\u0000": 1}',
        "deeply nested": '{@K, "x": ' + "[" * 900 + "]" * 900 + "}",
        "a JSONPaths file": '{"jsonpaths": ["$.artist"]}',
        "needed keys null": '{"sessionId": null, "itemInSession": 1, "ts": 1, "page": "NextSong"}',
        "needed keys empty": '{"sessionId": 1, "itemInSession": "", "ts": 1, "page": "NextSong"}',
        "a user 0": '{"sessionId": 1, "itemInSession": 0, "ts": 0, "page": "NextSong", "userId": 0}',
    }.items()
}


GOOD = "Good"
"""The page of the good lines before the odd one of a log."""

FEW_GOOD_LINES = [json.dumps(event(page=GOOD, userId="", sessionId=99))]
MANY_GOOD_LINES = many_events(LARGE_LOG, page=GOOD, userId="")


class StagedLogs(NamedTuple):
    """What the staging of some logs makes, their good lines included in the records alone."""

    records: dict[str, int]
    """By the name of the odd line, as in what follows."""
    rejected: list[Row]
    """Name, line, column, reason, raw text."""
    rows: Counter[Row]
    """Of `staging_events`, from all logs together."""

    @property
    def rejected_without_lines(self) -> list[Row]:
        return sorted(((name, *rest) for name, _, *rest in self.rejected), key=repr)


def stage(
    engine: Engine, source: Source, batches: Iterable[Sequence[StoredObject]], *, careful: bool = False
) -> StagedLogs:
    """Stage batches of logs one after another as a load does: the quick way, and with care where that does not do."""
    staged_logs = StagedLogs({}, [], Counter())
    page = [*sql_queries.columns("staging_events")].index("page")
    for logs in batches:
        batch, limit = Batch(1, (), tuple(logs)), BadRecordLimit(100_000)
        try:
            staged = engine.stage(batch, source, QUIET, careful=careful, limit=limit)
        except CarefulReadingNeededError:
            staged = engine.stage(batch, source, QUIET, careful=True, limit=limit)
        rows = engine.query("select * from staging_events")
        assert len(rows) == staged.rows(logs)
        staged_logs.records.update({name_of(log.name): staged.records[log.name] for log in logs})
        staged_logs.rejected.extend((name_of(bad.object), *bad.values()[1:]) for bad in staged.rejected)
        staged_logs.rows.update(tuple(row) for row in rows if row[page] != GOOD)
    staged_logs.rejected.sort(key=repr)
    return staged_logs


def name_of(log: str) -> str:
    """The name of the odd line that a log holds."""
    return log.rpartition("/")[2].removesuffix(".json")


def assert_all_ways_agree(make: Make, odd_lines: dict[str, str]) -> None:
    """Stage all odd lines with care; each in a log and a batch of its own; and each in a large log, read where it lies.

    A merge sees the staged rows alone, and not which way they came: so all of them are merged once, at the end.
    """
    with make() as sparkify:
        for name, line in odd_lines.items():
            sparkify.put(f"log_data/small/{name}.json", "\n".join([*FEW_GOOD_LINES, line]))
            sparkify.put(f"log_data/large/{name}.json", "\n".join([*MANY_GOOD_LINES, line]))
        settings = config.load(sparkify.config)
        source, listings = listing.list_objects(settings, QUIET)
        logs = listings["events"].objects
        small, large = ([log for log in logs if log.key.startswith(f"{size}/")] for size in ("small", "large"))
        assert len(small) == len(large) == len(odd_lines)
        with closing(warehouse.connect(settings, QUIET)) as engine:
            with_care = stage(engine, source, [small], careful=True)
            alone = stage(engine, source, [[log] for log in small])
            in_large = stage(engine, source, [[log] for log in large])
        sparkify.configure(MAX_ERRORS=100_000)
        sparkify.loaded()
    more = len(MANY_GOOD_LINES) - len(FEW_GOOD_LINES)
    assert alone.records == with_care.records
    assert in_large.records == {name: count + more for name, count in with_care.records.items()}
    assert alone.rejected == with_care.rejected
    assert in_large.rejected_without_lines == with_care.rejected_without_lines
    assert alone.rows == with_care.rows
    assert in_large.rows == with_care.rows


@pytest.mark.parametrize("key", ODD_VALUES)
def test_every_way_of_staging_agrees_on_every_odd_value_of(key: str, make: Make) -> None:
    assert_all_ways_agree(make, {f"{n:03}": with_value(n, key, text) for n, text in enumerate(ODD_VALUES[key])})


def test_every_way_of_staging_agrees_on_every_odd_line(make: Make) -> None:
    assert_all_ways_agree(make, ODD_LINES)


ONLY_DUCKDB_TAKES = {
    *(f"extra: {text}" for text in ("NaN", "nan", "-inf")),
    *("NaN where no column looks", "NaN in small letters", "inf where no column looks"),
    'registration: "1_000"',
}
ONLY_REDSHIFT_TAKES = {
    *('status: " "', 'status: "007"', 'status: "-0"', 'registration: " "', 'ts: "007"'),
    *("artist: []", 'artist: {"a": 1}', "userId: []"),
}
"""docs/bad-data.md gives the reasons."""

TOO_SMALL = "1e-400"
"""No double is so near to zero; the stand-in's PostgreSQL refuses it, and with it the whole COPY."""


def test_redshift_rejects_what_duckdb_rejects_of_every_odd_value_and_line(
    servers: Servers, make: Make, tmp_path: Path
) -> None:
    values = [(key, text) for key, texts in ODD_VALUES.items() for text in texts if text != TOO_SMALL]
    odd = {f"{key}: {text}": with_value(n, key, text) for n, (key, text) in enumerate(values)} | ODD_LINES
    good = json.dumps(event(page="Home", userId="", sessionId=99))

    def taken(sparkify: Sparkify) -> set[str]:
        """The names of what was loaded; each stands in a log of its own, after a good line."""
        for number, line in enumerate(odd.values()):
            sparkify.put(f"log_data/{number:03}.json", f"{good}\n{line}")
        sparkify.loaded()
        history = sparkify.history()
        return {name for number, name in enumerate(odd) if not history[f"log_data/{number:03}.json"][2]}

    with (
        make(MAX_ERRORS=1_000) as duckdb,
        servers.sparkify(tmp_path / "r", Access(), MAX_ERRORS=1_000) as redshift,
    ):
        by_duckdb, by_redshift = taken(duckdb), taken(redshift)
    assert by_duckdb - by_redshift == ONLY_DUCKDB_TAKES
    assert by_redshift - by_duckdb == ONLY_REDSHIFT_TAKES


# Pieces of a record from which hypothesis writes lines, most of them good, some odd, some broken.
LINES = st.one_of(
    EVENTS.map(json.dumps),
    EVENTS.map(json.dumps),
    st.builds(
        with_value,
        st.integers(0, 9),
        st.sampled_from([*ODD_VALUES]),
        st.one_of(
            st.sampled_from([*NUMBERS, *NUMBERS_AS_TEXT, *NO_NUMBERS, *TEXTS, *MOMENTS]),
            st.floats().map(repr),
            st.integers().map(str),
            st.text().map(json.dumps),
            st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\n\r"), max_size=8),
        ),
    ),
    st.sampled_from([*ODD_LINES.values()]),
)


@settings(max_examples=10 * TIMES)
@given(odd=st.lists(LINES, min_size=1, max_size=3))
def test_every_way_of_staging_makes_the_same_rows_and_rejects(odd: list[str], make: Make) -> None:
    assert_all_ways_agree(make, {"odd": "\n".join(odd)})


# ---------------------------------------------------------------- bad records, up to a number of them

SPOIL: dict[str, Callable[[dict[str, Any]], str]] = {
    "cut off": lambda record: json.dumps(record)[:-9],
    "no session": lambda record: json.dumps(record | {"sessionId": None}),
    "no moment": lambda record: json.dumps(record | {"ts": "yesterday"}),
    "too long": lambda record: json.dumps(record | {"page": "x" * 257}),
    "an array": lambda record: json.dumps([record]),
    "not a number": lambda record: json.dumps(record | {"length": float("nan")}),
}


LARGE_PADDING = many_events(1_000_000, page="Home", userId="", userAgent="x" * 8_000)
"""Good lines that make a log so large that each engine reads it where it lies."""

OBJECTS = st.lists(
    st.lists(st.tuples(EVENTS, st.none() | st.sampled_from([*SPOIL])), min_size=1, max_size=4), max_size=4
)


@pytest.mark.parametrize(("make", "examples"), [("duckdb", 12), ("redshift", 6)], indirect=["make"])
def test_as_many_bad_records_as_allowed_are_set_aside_and_one_more_stops_the_run(make: Make, examples: int) -> None:
    @settings(max_examples=examples * TIMES)
    @given(objects=OBJECTS, is_large=st.booleans(), batch_size=st.sampled_from(["1 B", "1 MB"]))
    def holds(objects: list[list[tuple[dict[str, Any], str | None]]], is_large: bool, batch_size: str) -> None:
        padding = LARGE_PADDING if is_large else []
        bad = {
            f"log_data/{n}.json": sum(spoilt is not None for _, spoilt in members) for n, members in enumerate(objects)
        }
        good = [record for members in objects for record, spoilt in members if spoilt is None]
        with make() as sparkify:
            for key, members in zip(bad, objects, strict=True):
                rest = [json.dumps(record) if spoilt is None else SPOIL[spoilt](record) for record, spoilt in members]
                sparkify.put(key, "\n".join([*padding, *rest]))
            count = sum(bad.values())
            before = sparkify.content()
            if count:
                sparkify.configure(MAX_ERRORS=count - 1)
                stopped = sparkify.etl()
                assert stopped.exit_code == 1
                assert f"MAX_ERRORS allows {count - 1}" in stopped.err
                assert sparkify.content() == before
            sparkify.configure(MAX_ERRORS=count, BATCH_SIZE=batch_size)
            sparkify.loaded()
            assert {key: rejected for key, (_, _, rejected) in sparkify.history().items()} == bad
            assert Counter(key for key, *_ in sparkify.rejected()) == Counter(bad)
            assert_is(sparkify.star(), oracle.warehouse({}, [*map(json.loads, padding if bad else []), *good]))

    holds()
