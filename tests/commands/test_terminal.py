"""At a terminal: bars and colours on stderr, data on stdout, an answer when one is asked for, a clean end."""

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb
import pytest

from harness.records import event, lines, song
from harness.redshift import OnRedshift
from harness.warehouse import Sparkify
from sparkify.progress import PATIENCE

AT_ITS_TERMINAL = """
import fcntl, sys, termios
fcntl.ioctl(2, termios.TIOCSCTTY, 0)
from sparkify import progress
progress.PATIENCE = float(sys.argv.pop(1))
from sparkify.cli import main
sys.exit(main())
"""
"""The program, with stderr as the terminal from which it gets Ctrl-C, and the seconds before it shows a wait."""

CTRL_C = "\x03"

ESCAPE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
COLOUR = re.compile(r"\x1b\[(?:[0-9;]*;)?(?:3|4|9|10)[0-8][0-9;]*m")
HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"

TOLD = ("NO_COLOR", "FORCE_COLOR", "COLORTERM", "COLUMNS", "LINES", "TTY_COMPATIBLE", "TTY_INTERACTIVE")
"""Variables by which a person tells what their terminal is; a test tells it itself."""


class Seen(NamedTuple):
    """How a command ended, what went into the pipe that was its stdout, and what its terminal got."""

    exit_code: int
    out: str
    terminal: str

    @property
    def lines(self) -> list[str]:
        """What a person reads in the end: each line as it was when it was left."""
        left = [line.rpartition("\r")[2] for line in ESCAPE.sub("", self.terminal).replace("\r\n", "\n").split("\n")]
        return [line.rstrip() for line in left if line.strip()]


def at_terminal(
    sparkify: Sparkify,
    *arguments: str,
    columns: int = 80,
    environment: Mapping[str, str] = {"TERM": "xterm-256color"},
    stdout_too: bool = False,
    patience: float = PATIENCE,
    type_after: Sequence[tuple[str, str]] = (),
) -> Seen:
    """Run a command at a terminal of its own. `type_after` says what is typed when something is read."""
    terminal, its_end = pty.openpty()
    fcntl.ioctl(its_end, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    variables = {name: value for name, value in os.environ.items() if name not in TOLD}
    process = subprocess.Popen(
        [sys.executable, "-c", AT_ITS_TERMINAL, str(patience), *arguments, "--config", str(sparkify.config)],
        stdin=its_end,
        stdout=its_end if stdout_too else subprocess.PIPE,
        stderr=its_end,
        start_new_session=True,
        env=variables | dict(environment),
    )
    os.close(its_end)
    waiting, read = list(type_after), ""
    while piece := _read(terminal):
        read += piece
        if waiting and waiting[0][0] in read:
            os.write(terminal, waiting.pop(0)[1].encode())
    out = process.stdout.read().decode() if process.stdout else ""
    process.wait()
    os.close(terminal)
    assert not waiting, f"never read: {waiting[0][0]}"
    return Seen(process.returncode, out, read)


def _read(terminal: int) -> str:
    try:
        return os.read(terminal, 65_536).decode(errors="replace")
    except OSError:  # the program has closed its end
        return ""


@pytest.fixture
def delivered(sparkify: Sparkify) -> Sparkify:
    """A warehouse with something new beside it."""
    sparkify.put("song_data/A/a.json", lines([song()]))
    sparkify.put("log_data/a.json", lines([event()]))
    return sparkify


# ---------------------------------------------------------------- bars


def test_a_load_that_may_outlive_its_terminal_goes_on_when_that_is_closed(delivered: Sparkify) -> None:
    terminal, its_end = pty.openpty()
    load = [sys.executable, "-m", "sparkify.cli", "etl", "--json", "--config", str(delivered.config)]
    process = subprocess.Popen(
        ["sh", "-c", "trap '' HUP; exec \"$@\"", "sh", *load],  # as nohup starts it
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=its_end,
        start_new_session=True,
        env=os.environ | {"TERM": "xterm-256color"},
    )
    os.close(its_end)
    assert _read(terminal)
    os.close(terminal)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    assert json.loads(out)["totals"]["plays"] == 1


def test_bars_are_drawn_on_the_terminal_and_data_alone_goes_into_a_pipe(delivered: Sparkify) -> None:
    seen = at_terminal(delivered, "etl", "--json")
    assert seen.exit_code == 0
    assert "\x1b" not in seen.out
    assert len(seen.out.splitlines()) == 1
    assert seen.out.startswith('{"version": 1, ')
    assert COLOUR.search(seen.terminal)
    read = next(line for line in seen.lines if line.startswith("batch 1: read and stage objects"))
    assert "━" * 10 in read
    assert " 2/2 " in read
    assert seen.terminal.count(HIDE) == seen.terminal.count(SHOW) > 0
    assert seen.terminal.rindex(SHOW) > seen.terminal.rindex(HIDE)


def test_the_summary_follows_the_bars_where_stdout_is_the_terminal_too(delivered: Sparkify) -> None:
    seen = at_terminal(delivered, "etl", stdout_too=True)
    assert seen.exit_code == 0
    assert seen.lines[-1].startswith(f"warehouse   {delivered.database} holds 1 play")
    assert seen.lines[-2].startswith("seconds")


def test_no_bars_are_drawn_when_it_has_to_be_quiet(delivered: Sparkify) -> None:
    seen = at_terminal(delivered, "etl", "--quiet")
    assert (seen.exit_code, seen.terminal) == (0, "")


def test_statements_are_shown_above_the_bars(delivered: Sparkify) -> None:
    seen = at_terminal(delivered, "etl", "--verbose", columns=200)
    assert seen.exit_code == 0
    statements = [line for line in seen.lines if re.match(r" *\d+\.\d{3} s  ", line)]
    assert len(statements) > 40
    assert any("insert into songplays" in line for line in statements)
    assert any(line.startswith("batch 1: transform and check") for line in seen.lines)


def test_there_are_no_colours_where_none_are_wanted(delivered: Sparkify) -> None:
    seen = at_terminal(delivered, "etl", environment={"TERM": "xterm-256color", "NO_COLOR": "1"})
    assert seen.exit_code == 0
    assert not COLOUR.search(seen.terminal)
    assert any("2/2" in line for line in seen.lines), "the bars are still drawn"


def test_a_terminal_that_cannot_move_its_cursor_gets_plain_lines(delivered: Sparkify) -> None:
    seen = at_terminal(delivered, "etl", environment={"TERM": "dumb"})
    assert seen.exit_code == 0
    assert "\x1b" not in seen.terminal
    assert seen.lines == [
        "list bucket/song_data",
        "list bucket/log_data",
        "batch 1: read and stage objects: 2",
        "batch 1: transform and check",
    ]


def test_a_narrow_terminal_breaks_no_path_in_an_error(delivered: Sparkify) -> None:
    key = "log_data/a-folder-with-a-long-name/another-folder/2018-11-21-events.json"
    delivered.put(key, "bad")
    seen = at_terminal(delivered, "etl", columns=40)
    assert seen.exit_code == 1
    assert f"error: bucket/{key}, line 1: is not JSON: Expecting value at character 1: bad" in seen.lines
    assert seen.lines[-1] == "nothing was changed"


def test_a_table_on_a_wide_terminal_is_the_table_that_a_pipe_gets_and_a_narrow_one_gets_what_fits(
    delivered: Sparkify,
) -> None:
    delivered.loaded()
    piped = at_terminal(delivered, "query", "most_played_songs", columns=20)
    wide = at_terminal(delivered, "query", "most_played_songs", columns=200, stdout_too=True)
    assert wide.terminal.replace("\r\n", "\n") == piped.out
    assert piped.terminal == ""
    narrow = at_terminal(delivered, "query", "most_played_songs", columns=48, stdout_too=True)
    lines = narrow.terminal.replace("\r\n", "\n").splitlines()
    assert lines != piped.out.splitlines()
    assert [line[:5] for line in lines] == [line[:5] for line in piped.out.splitlines()]
    assert all(len(line) <= 48 for line in lines)


def test_parquet_is_not_sent_to_a_terminal(sparkify: Sparkify) -> None:
    seen = at_terminal(sparkify, "query", "totals", "--format", "parquet", stdout_too=True)
    assert seen.exit_code == 2
    assert seen.lines == [
        "error: Parquet is not for the eye; name a file with --output FILE",
        "nothing was changed",
    ]
    assert at_terminal(sparkify, "query", "totals", "--format", "csv").exit_code == 0


# ---------------------------------------------------------------- waiting for an answer


@pytest.mark.parametrize("sparkify", ["duckdb", "redshift"], indirect=True)
def test_a_wait_for_an_answer_is_shown_and_erased_and_the_answer_follows(delivered: Sparkify) -> None:
    delivered.loaded()
    sql = "select count(*) as n from plays"
    seen = at_terminal(delivered, "query", sql, "--format", "csv", patience=0)
    assert (seen.exit_code, seen.out.split()) == (0, ["n", "1"])
    assert re.search(r"answer .*\d:\d\d", ESCAPE.sub("", seen.terminal))
    assert seen.terminal.endswith("\x1b[1A\x1b[2K")
    both = at_terminal(delivered, "query", sql, "--format", "csv", patience=0, stdout_too=True)
    assert ESCAPE.sub("", both.terminal).endswith("n\r\n1\r\n")
    quiet = at_terminal(delivered, "query", sql, "--quiet", patience=0)
    assert quiet.terminal == ""


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_a_wait_is_shown_while_an_answer_is_written_into_a_file(form: str, delivered: Sparkify, tmp_path: Path) -> None:
    delivered.loaded()
    answer = tmp_path / f"answer.{form}"
    sql = "select i from range(1_000_000) as t (i)"
    seen = at_terminal(delivered, "query", sql, "--format", form, "--output", str(answer), patience=0)
    assert (seen.exit_code, seen.out) == (0, "")
    assert "answer" in seen.terminal
    assert seen.terminal.endswith("\x1b[1A\x1b[2K")
    with duckdb.connect() as connection:
        found = connection.execute(f"select count(*) from '{answer}'").fetchone()
    assert found == (1 if form == "json" else 1_000_000,)  # JSON is one object


# ---------------------------------------------------------------- Ctrl-C


def assert_ends_clean(seen: Seen) -> None:
    """A run that Ctrl-C ended: its last lines stand alone, the cursor is there again, and stdout got nothing."""
    assert seen.exit_code == 130
    assert seen.out == ""
    assert seen.terminal.endswith("\r\nnothing was changed\r\n")
    assert seen.lines[-2] in ("error: interrupted", "^Cerror: interrupted")
    assert seen.terminal.count(HIDE) == seen.terminal.count(SHOW)
    assert "Traceback" not in seen.terminal


def test_ctrl_c_while_a_bar_is_drawn_ends_it_and_brings_the_cursor_back(delivered: Sparkify, tmp_path: Path) -> None:
    content = delivered.content()
    seen = at_terminal(
        delivered,
        "export",
        str(tmp_path / "parquet"),
        type_after=[("export into", CTRL_C)],
        environment={"TERM": "xterm-256color", "DWH_DUCKDB_PATH": str(endless(delivered))},
    )
    assert_ends_clean(seen)
    assert HIDE in seen.terminal
    assert not [*(tmp_path / "parquet").rglob("*")]
    assert delivered.content() == content


@pytest.mark.parametrize("output", [["--format", "table"], ["--format", "csv", "--output", "answer.csv"]])
def test_ctrl_c_while_an_answer_is_awaited_ends_it(
    output: list[str], delivered: Sparkify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    delivered.loaded()
    sql = "select count(*) as n from range(1_000_000_000_000) as t (i) where i % 7 = 3"
    seen = at_terminal(delivered, "query", sql, *output, type_after=[("0:00:01", CTRL_C)])
    assert_ends_clean(seen)
    assert HIDE in seen.terminal
    assert not [*tmp_path.glob("*answer*")]


def endless(sparkify: Sparkify) -> Path:
    """A warehouse whose artists would take for ever to export."""
    path = sparkify.folder / "endless.duckdb"
    path.write_bytes(sparkify.database.read_bytes())
    with duckdb.connect(path) as connection:
        connection.execute("drop view plays; drop table artists")
        connection.execute(
            "create view artists as select cast(i as varchar) as artist_id, '' as name, '' as location, "
            "0.0 as latitude, 0.0 as longitude from range(1_000_000_000_000) as t (i)"
        )
    return path


def test_ctrl_c_while_waiting_for_another_process_ends_the_wait(delivered: Sparkify) -> None:
    with duckdb.connect(delivered.database):
        seen = at_terminal(delivered, "etl", type_after=[("waiting up to 60 seconds", CTRL_C)])
    assert_ends_clean(seen)
    assert delivered.query("select count(*) from runs") == [(0,)]


# ---------------------------------------------------------------- a question


@pytest.mark.parametrize("answer", ["n", "", "yo"])
def test_drop_asks_and_keeps_all_without_a_yes(answer: str, delivered: Sparkify) -> None:
    delivered.loaded()
    before = delivered.content()
    seen = at_terminal(delivered, "create-tables", "--drop", type_after=[("[y/N]", f"{answer}\n")])
    assert (seen.exit_code, seen.out) == (2, "")
    assert seen.lines[0].startswith(f"Drop all tables of {delivered.database}, with everything in them? ")
    assert seen.lines[1:] == ["error: not confirmed", "nothing was changed"]
    assert delivered.content() == before


@pytest.mark.parametrize("answer", ["y", "YES"])
def test_drop_asks_and_drops_after_a_yes(answer: str, delivered: Sparkify) -> None:
    delivered.loaded()
    seen = at_terminal(delivered, "create-tables", "--drop", type_after=[("[y/N]", f"{answer}\n")])
    assert (seen.exit_code, seen.out) == (0, f"dropped and created the tables in {delivered.database}\n")
    assert not any(delivered.star().values())


def test_ctrl_c_at_the_question_keeps_all(delivered: Sparkify) -> None:
    delivered.loaded()
    before = delivered.content()
    assert_ends_clean(at_terminal(delivered, "create-tables", "--drop", type_after=[("[y/N]", CTRL_C)]))
    assert delivered.content() == before


@pytest.mark.parametrize("sparkify", ["redshift"], indirect=True)
def test_drop_names_the_database_that_would_lose_its_tables(sparkify: Sparkify) -> None:
    assert isinstance(sparkify, OnRedshift)
    seen = at_terminal(sparkify, "create-tables", "--drop", type_after=[("[y/N]", "n\n")])
    stand_in = sparkify.stand_in
    place = f"redshift://{stand_in.host}:{stand_in.port}/{sparkify.database_name}"
    assert seen.lines[0].startswith(f"Drop all tables of {place}, with everything in them? ")
