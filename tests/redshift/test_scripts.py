"""What `make redshift-demo` and `make redshift-smoke` do."""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from importlib import util
from pathlib import Path
from types import ModuleType
from typing import cast

import pytest

import probes
from harness.paths import ROOT
from harness.redshift import Access, OnRedshift, Servers
from probes.place import Place
from redshift_stand_in import demo
from sparkify import sql_queries
from sparkify.errors import LoadError
from sparkify.progress import Progress
from sparkify.sample import write_sample


@pytest.fixture
def smoke(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script for a real cluster, with little data."""
    spec = util.spec_from_file_location("smoke", ROOT / "infra" / "smoke.py")
    assert spec
    assert spec.loader
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "SONGS", 20)
    monkeypatch.setattr(module, "EVENTS", 300)
    monkeypatch.setattr(probes.copying, "RECORDS_IN_TIME", 2_000)
    monkeypatch.setattr(probes.sessions, "ROWS", 12)
    monkeypatch.setattr(probes.sessions, "WAIT", 1)
    return module


@pytest.fixture
def warehouse(servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OnRedshift]:
    """A database and a bucket, and the keys of one who may do anything."""
    with servers.without_tables(tmp_path / "sparkify", Access(user="root", role="unloader")) as made:
        for name, value in made.environment.items():
            monkeypatch.setenv(name, value)
        yield made


SEEN = {
    "copy_messages": (
        r"without MAXERROR: Load into table 'probe' completed, 2 record\(s\) loaded successfully\.; MAXERROR 1: .*; "
        r"MAXERROR 9, one refused: Load into table 'probe' completed, 1 record\(s\) could not be loaded\..* \| .*; "
        r"NOLOAD: .*"
    ),
    "error_view_delay": r"2 of 2 errors after 0\.\d s",
    "lines_scanned": (
        r"10 records loaded; 3 records on 3 lines: 3; the same without the last newline: 3; 3 records on 1 line: 1; "
        r"1 record on 3 lines: 3"
    ),
    "nul_in_text": r"a text of 1 bytes, 'x' with z for y",
    "timeout_of_copy": r"200 ms: it ran to its end after \d+\.\d s, 2,000 rows loaded",
    "parquet_of_duckdb": r"every value as it was written",
    "planted_rows": r"found by (?=.*songplays_unique)(?=.*songplays_users).*; missed by none",
    "parts_of_with": r"the answer is [\[(]+2,?\)?[\])]+",
    "scan_by_literals": r'sys_query_detail: relation "sys_query_detail" does not exist.*',
    "trailing_blanks": r"'x ' has 2 bytes; [12] of 2 texts equal 'x'; they make [12] group\(s\)",
    "wait_for_lock": r"ended after 1\.\d s of 1 s by statement_timeout: 57014 .*",
    "interrupted_statement": r"free \d\.\d s after the interruption",
    "cursor_memory": r"4,096 rows: whole \d+\.\d MB in \d+\.\d s, 4,096 rows; 1,000 at a time (refused: |\d+\.\d MB).*",
    "query_label": r"'unset' at first, 'unset' after a call that CASE leaves out; sys_query_history: .*not exist.*",
}
"""What each probe sees of the stand-in."""


def schemas(warehouse: OnRedshift) -> int:
    [(count,)] = warehouse.query("select count(*) from pg_namespace where nspname like 'sparkify_smoke%'")
    return int(count)


@pytest.mark.parametrize("has_export", [False, True], ids=["without export", "with export"])
def test_the_check_of_a_real_cluster_finds_the_same_and_leaves_nothing(
    has_export: bool,
    smoke: ModuleType,
    warehouse: OnRedshift,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = warehouse.keys("")
    monkeypatch.setattr(probes, "PROBES", ())
    exports = f"{warehouse.store}/export" if has_export else None
    assert smoke.smoke(smoke._settings(warehouse.config, f"{warehouse.store}/smoke"), exports, Progress()) == 0
    out = capsys.readouterr().out
    checked = re.findall(r"^✓ (?:export of )?(.*?):", out, re.MULTILINE)
    expected = [*smoke.COMPARED, *sql_queries.names("report"), "descriptions"]
    expected += ["an answer in portions", "a write in a snapshot"]
    assert Counter(checked) == Counter([*expected, *(sql_queries.names("export") if has_export else ())])
    assert "transaction is read-only" in out
    assert "COPY: table, status, rows" in out
    assert schemas(warehouse) == 0
    assert warehouse.keys("") == before


def test_the_check_of_a_real_cluster_tells_what_differs(
    smoke: ModuleType, warehouse: OnRedshift, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(probes, "PROBES", ())
    monkeypatch.setattr(smoke, "COMPARED", {"runs": "finished_at", "songs": "*"})
    monkeypatch.setattr(smoke, "OF_ITS_TIME", ("freshness",))
    monkeypatch.setattr(smoke, "DESCRIPTIONS", ("select 1 from songs_of_nobody",))
    assert smoke.smoke(smoke._settings(warehouse.config, f"{warehouse.store}/smoke"), None, Progress()) == 1
    out = capsys.readouterr().out
    assert set(re.findall(r"^✗ (\w+)", out, re.MULTILINE)) == {"runs", "last_runs", "descriptions"}
    assert "only in Redshift: " in out
    assert "✓ songs" in out


def test_each_probe_of_a_real_cluster_says_what_it_sees_and_leaves_nothing(
    smoke: ModuleType, warehouse: OnRedshift, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = warehouse.keys("")
    for compared in ("COMPARED", "DESCRIPTIONS"):
        monkeypatch.setattr(smoke, compared, type(getattr(smoke, compared))())
    smoke.smoke(smoke._settings(warehouse.config, f"{warehouse.store}/smoke"), None, Progress())
    seen = dict(re.findall(r"^\? (\w+): (.*)$", capsys.readouterr().out, re.MULTILINE))
    assert seen.keys() == SEEN.keys()
    for name, pattern in SEEN.items():
        assert re.fullmatch(pattern, seen[name]), f"{name}: {seen[name]}"
    assert schemas(warehouse) == 0
    assert warehouse.keys("") == before


def test_a_probe_that_cannot_be_made_is_told_and_the_others_go_on(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def lost(place: Place) -> str:
        raise LoadError("the connection was lost")

    def found(place: Place) -> str:
        return "all of it"

    monkeypatch.setattr(probes, "PROBES", (lost, found))
    assert not probes.run(cast(Place, None))
    assert capsys.readouterr().out.splitlines()[1:] == ["✗ lost: the connection was lost", "? found: all of it"]


def test_the_readme_lists_the_probes() -> None:
    text = (ROOT / "redshift_stand_in" / "README.md").read_text(encoding="utf-8")
    [section] = re.findall(r"^## What a run on a real cluster settles\n(.*?)^## ", text, re.MULTILINE | re.DOTALL)
    assert re.findall(r"\| `(\w+)` \|$", section, re.MULTILINE) == [probe.__name__ for probe in probes.PROBES]


def test_the_demonstration_loads_the_sample(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_sample(tmp_path / "sample", 10, 100, seed=1)
    assert demo.main(tmp_path / "sample") == 0
    out = capfd.readouterr().out
    assert "objects     40 new" in out
    assert "nothing new: all 40 objects are loaded" in out
    assert "all 14 checks passed" in out
    assert "last play" in out
    assert "plays  listeners  sessions" in out
    assert out.rstrip().endswith("/report.html")
    assert sys.executable not in out
