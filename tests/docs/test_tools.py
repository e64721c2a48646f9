"""What `docs/how-to/tools.md` says beyond its blocks: dbt's tests find bad rows, and Harlequin opens at a terminal."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
from pathlib import Path

import duckdb
import pytest
from generate import DBT_SOURCES

from harness.paths import TOOLS
from harness.records import event, lines, song
from harness.warehouse import Sparkify

CTRL_Q = b"\x11"

BAD_ROWS = {
    "insert into songplays from songplays": "unique_sparkify_songplays_songplay_id",
    "update songplays set artist_id = 'AR2'": "relationships_sparkify_songplays_artist_id",
    'alter table "time" alter hour drop not null; update "time" set hour = null': "not_null_sparkify_time_hour",
}
"""A statement that spoils the warehouse, and the beginning of the name of the dbt test that finds it."""


@pytest.fixture
def readers(sparkify: Sparkify) -> Path:
    """A small warehouse under the name of its copy. It declares no keys, so that its rows can be spoiled."""
    sparkify.put("song_data/A/a.json", lines([song()]))
    sparkify.put("log_data/a.json", lines([event(), event(itemInSession=1, page="Home")]))
    sparkify.loaded()
    return sparkify.database.rename(sparkify.folder / "readers.duckdb")


def test_the_tests_of_dbt_s_sources_find_every_kind_of_bad_row(readers: Path) -> None:
    with duckdb.connect(readers) as connection:
        for statement in BAD_ROWS:
            connection.execute(statement)
    project = readers.parent / "analysis"
    shutil.copytree(DBT_SOURCES.parents[1], project)
    done = subprocess.run([TOOLS / "dbt", "test"], cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout
    results = json.loads((project / "target" / "run_results.json").read_text(encoding="utf-8"))["results"]
    failed = sorted(each["unique_id"].split(".")[2] for each in results if each["status"] != "pass")
    expected = sorted(f"source_{name}" for name in BAD_ROWS.values())
    assert [name.startswith(test) for name, test in zip(failed, expected, strict=True)] == [True] * 3, failed


def test_harlequin_shows_the_copy_and_ends(readers: Path) -> None:
    terminal, its_end = pty.openpty()
    command = [str(TOOLS / "harlequin"), "--read-only", str(readers)]
    environment = os.environ | {"TERM": "xterm-256color", "HOME": str(readers.parent)}
    process = subprocess.Popen(command, stdin=its_end, stdout=its_end, stderr=its_end, env=environment)
    os.close(its_end)
    shown = b""
    while b"readers" not in shown:
        shown += os.read(terminal, 65_536)
    os.write(terminal, CTRL_Q)
    while process.poll() is None:
        shown += _rest(terminal)
    os.close(terminal)
    assert process.returncode == 0, shown


def _rest(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65_536)
    except OSError:  # the program has closed its end
        return b""
