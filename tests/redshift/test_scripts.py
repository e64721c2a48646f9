"""What `make redshift-demo` and `make redshift-smoke` do."""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from importlib import util
from pathlib import Path
from types import ModuleType

import pytest

from harness.paths import ROOT
from harness.redshift import Access, OnRedshift, Servers
from redshift_stand_in import demo
from sparkify import sql_queries
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
    return module


@pytest.fixture
def warehouse(servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OnRedshift]:
    """A database and a bucket, and the keys of one who may do anything."""
    with servers.without_tables(tmp_path / "sparkify", Access(user="root", role="unloader")) as made:
        for name, value in made.environment.items():
            monkeypatch.setenv(name, value)
        yield made


def schemas(warehouse: OnRedshift) -> int:
    [(count,)] = warehouse.query("select count(*) from pg_namespace where nspname like 'sparkify_smoke%'")
    return int(count)


@pytest.mark.parametrize("has_export", [False, True], ids=["without export", "with export"])
def test_the_check_of_a_real_cluster_finds_the_same_and_leaves_nothing(
    has_export: bool, smoke: ModuleType, warehouse: OnRedshift, capsys: pytest.CaptureFixture[str]
) -> None:
    before = warehouse.keys("")
    exports = f"{warehouse.store}/export" if has_export else None
    assert smoke.smoke(smoke._settings(warehouse.config, f"{warehouse.store}/smoke"), exports, Progress()) == 0
    out = capsys.readouterr().out
    checked = re.findall(r"^✓ (?:export of )?(.*?):", out, re.MULTILINE)
    expected = [*smoke.COMPARED, *sql_queries.names("report"), "descriptions", "a write in a snapshot"]
    assert Counter(checked) == Counter([*expected, *(sql_queries.names("export") if has_export else ())])
    assert "transaction is read-only" in out
    assert "COPY: table, status, rows" in out
    assert schemas(warehouse) == 0
    assert warehouse.keys("") == before


def test_the_check_of_a_real_cluster_tells_what_differs(
    smoke: ModuleType, warehouse: OnRedshift, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(smoke, "COMPARED", {"runs": "finished_at", "songs": "*"})
    monkeypatch.setattr(smoke, "OF_ITS_TIME", ("freshness",))
    monkeypatch.setattr(smoke, "DESCRIPTIONS", ("select 1 from songs_of_nobody",))
    assert smoke.smoke(smoke._settings(warehouse.config, f"{warehouse.store}/smoke"), None, Progress()) == 1
    out = capsys.readouterr().out
    assert set(re.findall(r"^✗ (\w+)", out, re.MULTILINE)) == {"runs", "last_runs", "descriptions"}
    assert "only in Redshift: " in out
    assert "✓ songs" in out


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
