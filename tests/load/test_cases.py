"""The test cases that are directories: objects delivered, and the rows that must come of them.

    cases/<name>/README.md            first line: what the case shows
    cases/<name>/1/ 2/ ...            a delivery each: song_data/... and log_data/..., laid over the
                                      bucket before a run (same name = the object is replaced)
    cases/<name>/expect/<table>.json  the rows after the last run, one JSON object a line; only the
                                      columns named count; an empty file: the table has no rows
    cases/<name>/exit                 exit code of each run, one a line; without it, all are 0
    cases/<name>/settings.cfg         text added to the configuration
    cases/<name>/log_json_path.json   the JSONPaths file, in place of the standard one

A case without bad records is also held against `oracle.py`, the second computation.
"""

import json
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from harness import oracle, reading
from harness.engines import ENGINES
from harness.program import Outcome
from harness.warehouse import Sparkify, object_key
from sparkify import sql_queries

Row = tuple[Any, ...]

CASES = Path(__file__).parent / "cases"
BESIDE_THE_CASES = {".gitattributes", "README.md"}
ENTRIES = {"README.md", "expect", "exit", "settings.cfg", "log_json_path.json"}
DELIVERED = {"song_data", "log_data", "song_data_old", "log_data_old"}
TABLES = {
    *oracle.COLUMNS,
    "catalogue",
    "events",
    "sessions",
    "user_levels",
    "staging_events",
    "rejected_records",
    "load_history",
}
# A session of Redshift takes its staging tables along.
GONE_WITH_THE_SESSION = {"staging_events"}
# Columns that hold the name of an object, which a case writes as the key inside the bucket.
OBJECT_COLUMNS = {"object"}

STANDARD_JSONPATHS = [f"$['{key}']" for key in reading.EVENT_KEYS]


class Refused(NamedTuple):
    """How a case ends in an engine that cannot load it: the exit code of each run, and words of the last one."""

    exit_codes: list[int]
    words: str


# What Redshift loads in another way than DuckDB, and what it cannot load at all without a prefix for work.
REFUSED_BY_REDSHIFT = {
    # COPY has no null for a place in an array that is not there.
    "own-jsonpaths-file": Refused([1], "Invalid JSONPath format"),
}
REFUSED_WITHOUT_WORK = REFUSED_BY_REDSHIFT | {
    # One COPY unpacks all that lies below its prefix, or nothing.
    "gzip-files": Refused([3], "objects packed as gzip and plain text lie together"),
    # COPY takes all that lies below its prefix for data.
    "jsonpaths-file-among-the-data": Refused([1], "is missing"),
    # Each run reads the records again that an earlier one has set aside.
    "max-errors-counts-a-run": Refused([0, 1], "2 bad records, and [ETL] MAX_ERRORS allows 1"),
}
REFUSED: dict[str, dict[str, Refused]] = {
    "duckdb": {},
    "redshift": REFUSED_BY_REDSHIFT,
    "redshift without WORK": REFUSED_WITHOUT_WORK,
}


class CaseError(Exception):
    """A case's folder can't be used as it is."""


@dataclass(frozen=True)
class Expected:
    """The rows that a table must hold, as far as the named columns go; no columns: no rows."""

    columns: tuple[str, ...]
    rows: list[Row]


@dataclass(frozen=True)
class Case:
    """A case as its folder describes it."""

    deliveries: list[Path]
    exit_codes: list[int]
    expected: dict[str, Expected]
    jsonpaths: list[str]
    settings: str

    @property
    def is_clean(self) -> bool:
        """Whether no record is bad, so that the second computation can do it too."""
        rejected = self.expected.get("rejected_records")
        return not any(self.exit_codes) and not (rejected and rejected.rows)


# ---------------------------------------------------------------- reading a case


def read_case(folder: Path) -> Case:
    """The case in a folder. Raises CaseError where an entry is misspelt, missing or unusable."""
    deliveries = sorted(
        (path for path in folder.iterdir() if path.name.isdecimal()),
        key=lambda path: int(path.name),
    )
    refuse_unknown(folder, ENTRIES | {path.name for path in deliveries}, "1, 2, ... per delivery")
    if [path.name for path in deliveries] != [str(n + 1) for n in range(len(deliveries))]:
        raise CaseError(f"{folder}: deliveries are named 1, 2, 3, ... without a gap")
    if not deliveries:
        raise CaseError(f"{folder}: nothing is delivered; add a folder named 1")
    for delivery in deliveries:
        refuse_unknown(delivery, DELIVERED)
    return Case(
        deliveries,
        read_exit_codes(folder / "exit", len(deliveries)),
        read_expectations(folder / "expect"),
        read_jsonpaths(folder / "log_json_path.json"),
        read_if_there(folder / "settings.cfg"),
    )


def refuse_unknown(folder: Path, known: Iterable[str], also: str = "") -> None:
    """Raises CaseError for the first entry of a folder whose name means nothing."""
    for path in sorted(folder.iterdir()):
        if path.name not in known:
            names = ", ".join(sorted(known))
            raise CaseError(f"{path}: unknown entry; known are {names}{also and f' ({also})'}")


def read_exit_codes(path: Path, deliveries: int) -> list[int]:
    """The exit code of every run, 0 where the case names none."""
    if not path.exists():
        return [0] * deliveries
    lines = path.read_text(encoding="utf-8").split()
    if len(lines) != deliveries or not all(line.isdecimal() for line in lines):
        raise CaseError(f"{path}: one number a line for each of {deliveries} deliveries")
    return [int(line) for line in lines]


def read_expectations(folder: Path) -> dict[str, Expected]:
    """The expected rows by table. Raises CaseError where a case expects nothing at all."""
    if not folder.is_dir() or not any(folder.iterdir()):
        raise CaseError(f"{folder}: nothing is expected; add a <table>.json (empty: no rows)")
    refuse_unknown(folder, {f"{table}.json" for table in TABLES})
    expected = {path.stem: read_expected(path) for path in sorted(folder.iterdir())}
    for table in expected.keys() & oracle.COLUMNS.keys():
        for column in expected[table].columns:
            if column not in oracle.COLUMNS[table]:
                known = ", ".join(oracle.COLUMNS[table])
                raise CaseError(f"{folder / table}.json: no column {column}; it has {known}")
    return expected


def read_expected(path: Path) -> Expected:
    """The rows of one expect file. Raises CaseError where they don't name the same columns."""
    lines = [line for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
    try:
        rows = [json.loads(line) for line in lines]
    except json.JSONDecodeError as error:
        raise CaseError(f"{path}: not one JSON object a line: {error}") from error
    columns = tuple(rows[0]) if rows else ()
    for number, row in enumerate(rows, start=1):
        if not row or set(row) != set(columns):
            raise CaseError(f"{path}: row {number} names other columns than {list(columns)}")
    return Expected(columns, [tuple(row[column] for column in columns) for row in rows])


def read_jsonpaths(path: Path) -> list[str]:
    """The paths of the case's own JSONPaths file, or the standard ones."""
    if not path.exists():
        return STANDARD_JSONPATHS
    try:
        paths = json.loads(path.read_text(encoding="utf-8"))["jsonpaths"]
    except (json.JSONDecodeError, LookupError, TypeError) as error:
        raise CaseError(f"{path}: not a JSONPaths file: {error!r}") from error
    if len(paths) != len(STANDARD_JSONPATHS):
        raise CaseError(f"{path}: {len(paths)} paths for {len(STANDARD_JSONPATHS)} columns")
    return [str(one) for one in paths]


def read_if_there(path: Path) -> str:
    """A file's text; of no file, no text."""
    return path.read_text(encoding="utf-8") if path.exists() else ""


# ---------------------------------------------------------------- running and comparing


def load(case: Case, sparkify: Sparkify) -> list[Outcome]:
    """Runs the load after each delivery."""
    sparkify.put("log_json_path.json", json.dumps({"jsonpaths": case.jsonpaths}))
    sparkify.configure(more=case.settings)
    outcomes = []
    for delivery in case.deliveries:
        sparkify.put_all(delivery)
        outcomes.append(sparkify.etl())
    return outcomes


def recompute(case: Case, folder: Path) -> dict[str, list[Row]]:
    """The star schema after the last delivery, by the second computation."""
    events = []
    for delivery in case.deliveries:
        shutil.copytree(delivery, folder, dirs_exist_ok=True, copy_function=shutil.copyfile)
        for records in reading.read_objects(folder, "log_data").values():
            events += [reading.with_standard_keys(record, case.jsonpaths) for record in records]
    return oracle.warehouse(reading.read_objects(folder, "song_data"), events)


def loaded_rows(sparkify: Sparkify, table: str, columns: Sequence[str]) -> list[Row]:
    """A table's rows as far as the columns go, in the form that an expect file gives them."""
    wanted = ", ".join(f'"{column}"' for column in columns)
    return [as_written(columns, row) for row in sparkify.query(f'select {wanted} from "{table}"')]


def recomputed_rows(table: str, rows: Iterable[Row], columns: Sequence[str]) -> list[Row]:
    """Rows of the second computation as far as the columns go, as an expect file gives them."""
    places = [oracle.COLUMNS[table].index(column) for column in columns]
    return [as_written(columns, [row[place] for place in places]) for row in rows]


def as_written(columns: Sequence[str], row: Sequence[Any]) -> Row:
    """A row with times as text, and with objects named by their key inside the bucket."""
    values = []
    for column, value in zip(columns, row, strict=True):
        if isinstance(value, datetime):
            value = value.isoformat(sep=" ", timespec="milliseconds")
        elif column in OBJECT_COLUMNS and isinstance(value, str):
            value = object_key(value)
        values.append(value)
    return tuple(values)


def by_prefix(table: str, expected: Expected) -> Expected:
    """What is expected of a table where all that lies below a prefix is one object: its history tells the sums."""
    rows = [
        tuple(
            f"{value.partition('/')[0]}/" if column in OBJECT_COLUMNS else "" if column == "source_file" else value
            for column, value in zip(expected.columns, row, strict=True)
        )
        for row in expected.rows
    ]
    if table == "load_history":
        rows = [
            (name, *map(sum, zip(*(counts for other, *counts in rows if other == name), strict=True)))
            for name in {name for name, *_ in rows}
        ]
    return Expected(expected.columns, rows)


def difference(title: str, expected: Iterable[Row], rows: Iterable[Row]) -> list[str]:
    """The rows that are missing and those that are too many; nothing where all is as expected."""
    wanted, there = Counter(expected), Counter(rows)
    lines = [f"  missing    {row}" for row in (wanted - there).elements()]
    lines += [f"  unexpected {row}" for row in (there - wanted).elements()]
    return [title, *lines] if lines else []


def load_differences(sparkify: Sparkify, case: Case) -> list[str]:
    """Where the loaded tables are not what the case expects."""
    lines = []
    for table, expected in case.expected.items():
        if sparkify.engine != "duckdb" and table in GONE_WITH_THE_SESSION:
            continue
        if sparkify.reads_prefixes:
            expected = by_prefix(table, expected)
        columns = expected.columns or [*sql_queries.columns(table)]
        found = loaded_rows(sparkify, table, columns)
        lines += difference(f"{table} {columns}", expected.rows, found)
    return lines


def oracle_differences(sparkify: Sparkify, recomputed: dict[str, list[Row]]) -> list[str]:
    """Where the loaded star schema is not the one of the second computation."""
    lines = []
    for table, columns in oracle.COLUMNS.items():
        expected = recomputed_rows(table, recomputed[table], columns)
        found = loaded_rows(sparkify, table, columns)
        lines += difference(f"{table} {columns}, recomputed", expected, found)
    return lines


# ---------------------------------------------------------------- the tests


def case_folders() -> list[Path]:
    """Every folder of a case."""
    return sorted(path for path in CASES.iterdir() if path.name not in BESIDE_THE_CASES)


def is_clean(folder: Path) -> bool:
    """Whether the second computation can do the case; an unusable one fails when it is loaded."""
    try:
        return read_case(folder).is_clean
    except CaseError:
        return False


@pytest.mark.parametrize("sparkify", ENGINES, indirect=True)
@pytest.mark.parametrize("folder", case_folders(), ids=lambda path: path.name)
def test_the_load_makes_the_rows_that_the_case_and_the_second_computation_expect(
    folder: Path, sparkify: Sparkify, tmp_path: Path
) -> None:
    case = read_case(folder)
    outcomes = load(case, sparkify)
    exit_codes, last = [outcome.exit_code for outcome in outcomes], outcomes[-1]
    if refused := REFUSED[sparkify.engine].get(folder.name):
        assert exit_codes == refused.exit_codes
        assert refused.words in last.err
        return
    assert exit_codes == case.exit_codes, last.err
    lines = load_differences(sparkify, case)
    if case.is_clean:
        lines += oracle_differences(sparkify, recompute(case, tmp_path / "recomputed"))
    assert not lines, "\n" + "\n".join(lines)


def test_a_case_that_an_engine_refuses_is_there() -> None:
    names = {folder.name for folder in case_folders()}
    assert all(refused.keys() <= names for refused in REFUSED.values())


@pytest.mark.parametrize("folder", [path for path in case_folders() if is_clean(path)], ids=lambda path: path.name)
def test_the_rows_that_a_case_expects_follow_from_the_second_computation(folder: Path, tmp_path: Path) -> None:
    case = read_case(folder)
    recomputed = recompute(case, tmp_path)
    lines = []
    for table in case.expected.keys() & recomputed.keys():
        expected = case.expected[table]
        columns = expected.columns or oracle.COLUMNS[table]
        found = recomputed_rows(table, recomputed[table], columns)
        lines += difference(f"{table} {columns}", expected.rows, found)
    assert not lines, "\n" + "\n".join(lines)


def write_case(folder: Path, files: dict[str, str]) -> Path:
    """A usable case of one delivery, with some files changed or added."""
    usable = {"1/log_data/a.json": "{}", "expect/songs.json": ""}
    for name, content in (usable | files).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({"exits": "0"}, "exits: unknown entry; known are 1, README.md"),
        ({"1/song-data/a.json": "{}"}, "song-data: unknown entry; known are log_data"),
        ({"expect/song.json": ""}, "song.json: unknown entry; known are artists.json"),
        ({"3/log_data/a.json": "{}"}, "named 1, 2, 3, ... without a gap"),
        ({"exit": "0\n1\n"}, "one number a line for each of 1 deliveries"),
        ({"exit": "good"}, "one number a line for each of 1 deliveries"),
        ({"expect/songs.json": '{"titel": "One"}'}, "songs.json: no column titel; it has song_id"),
        ({"expect/songs.json": '{"title": "One"'}, "not one JSON object a line"),
        ({"expect/songs.json": '{"title": "One"}\n{"year": 1}'}, "row 2 names other columns"),
        ({"log_json_path.json": "{}"}, "not a JSONPaths file"),
        ({"log_json_path.json": '{"jsonpaths": ["$"]}'}, "1 paths for 18 columns"),
    ],
    ids=lambda value: ", ".join(value) if isinstance(value, dict) else "",
)
def test_a_case_with_a_mistake_in_its_folder_is_refused_with_the_reason(
    files: dict[str, str], complaint: str, tmp_path: Path
) -> None:
    with pytest.raises(CaseError, match=re.escape(complaint)):
        read_case(write_case(tmp_path, files))


def test_a_case_that_delivers_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "expect").mkdir()
    with pytest.raises(CaseError, match="nothing is delivered"):
        read_case(tmp_path)


def test_a_case_that_expects_nothing_is_refused(tmp_path: Path) -> None:
    (write_case(tmp_path, {}) / "expect" / "songs.json").unlink()
    with pytest.raises(CaseError, match="nothing is expected"):
        read_case(tmp_path)


def test_an_empty_expect_file_says_that_the_table_has_no_rows(tmp_path: Path) -> None:
    case = read_case(write_case(tmp_path, {}))
    assert case.expected == {"songs": Expected((), [])}
    assert difference("songs", case.expected["songs"].rows, [("SO1",)]) == [
        "songs",
        "  unexpected ('SO1',)",
    ]
