"""Narration: what is said where nobody watches, what is always said, and that it never stops the work."""

import io
import json
import os
import re
import subprocess
import sys
import threading
import time

import pytest
from rich.progress import Progress as RichProgress

from harness.program import PROGRAM
from harness.records import event, lines
from harness.warehouse import Sparkify
from sparkify import progress
from sparkify.progress import SHOWN, Bars, Detail, JsonLines, Progress, for_terminal


class Terminal(io.StringIO):
    """A terminal that remembers what it was sent."""

    def isatty(self) -> bool:
        return True


def narrated(detail: Detail) -> str:
    """What is said of two parts of a run, a statement, a remark and a warning."""
    stream = io.StringIO()
    progress = Progress(stream, detail)
    with progress.phase("list bucket"):
        progress.say("a remark")
    with progress.phase("read objects", 12_345) as done, progress.statement("select 1"):
        done(12_345)
    progress.warn("a warning")
    return stream.getvalue()


def test_where_no_terminal_is_each_part_is_a_line() -> None:
    assert narrated("normal").splitlines() == [
        "list bucket",
        "a remark",
        "read objects: 12,345",
        "warning: a warning",
    ]


def test_quiet_leaves_only_what_is_wrong() -> None:
    assert narrated("quiet") == "warning: a warning\n"


def test_verbose_adds_the_statements_with_their_times() -> None:
    *others, statement, _ = narrated("verbose").splitlines()
    assert others == narrated("normal").splitlines()[:-1]
    assert re.fullmatch(r" *\d+\.\d{3} s  select 1", statement)


def said_of(sql: str) -> str:
    stream = io.StringIO()
    with Progress(stream, "verbose").statement(sql):
        pass
    return stream.getvalue().partition(" s  ")[2].rstrip("\n")


def test_a_long_statement_is_shown_by_its_beginning_on_one_line() -> None:
    assert said_of("select\n    1,\n\t2") == "select 1, 2"
    assert said_of("x" * SHOWN) == "x" * SHOWN
    assert said_of("x" * (SHOWN + 1)) == "x" * (SHOWN - 1) + "…"


def test_a_statement_that_fails_is_shown_too() -> None:
    stream = io.StringIO()
    with pytest.raises(ValueError, match="refused"), Progress(stream, "verbose").statement("select 1"):
        raise ValueError("refused")
    assert stream.getvalue().endswith(" s  select 1\n")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", r"\x1b[31mred\x1b[0m"),
        ("a\rb\x00\x7f\x9b", r"a\rb\x00\x7f\x9b"),
        ("a\tb\nc", r"a\tb\nc"),
        ("فيروز 🎵 Beyoncé", "فيروز 🎵 Beyoncé"),
    ],
)
def test_what_could_steer_the_terminal_is_spelled_out(text: str, shown: str) -> None:
    stream = io.StringIO()
    Progress(stream).say(text)
    assert stream.getvalue() == f"{shown}\n"


def test_the_text_of_a_bad_record_cannot_steer_the_terminal(sparkify: Sparkify) -> None:
    sparkify.put("log_data/a.json", '{"song": "\x1b]0;mine\x07"}')
    outcome = sparkify.etl()
    assert outcome.exit_code == 1
    assert "\x1b" not in outcome.err
    assert r"\x1b]0;mine\x07" in outcome.err


@pytest.mark.parametrize(
    ("terminal", "term", "detail", "kind"),
    [
        (True, "xterm", "normal", Bars),
        (True, "xterm", "verbose", Bars),
        (True, "xterm", "quiet", Progress),
        (True, "dumb", "normal", Progress),
        (False, "xterm", "normal", Progress),
    ],
)
def test_there_are_bars_only_on_a_terminal_that_can_draw_them(
    terminal: bool, term: str, detail: Detail, kind: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal() if terminal else io.StringIO())
    monkeypatch.setenv("TERM", term)
    assert type(for_terminal(detail)) is kind


def test_what_draws_bars_is_not_imported_where_none_is_drawn() -> None:
    code = """
import sys
sys.stderr.isatty = lambda: True
from sparkify.progress import Bars, for_terminal
progress = for_terminal("verbose")
progress.warn("a warning")
print(type(progress).__name__, "rich" in sys.modules)
"""
    environment = os.environ | {"TERM": "xterm"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert (done.stdout, done.stderr) == ("Bars False\n", "warning: a warning\n")


def test_a_bar_counts_its_steps_and_is_full_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    seen: list[float] = []
    advance = RichProgress.advance

    def watched(bars: RichProgress, task: object, steps: float = 1) -> None:
        advance(bars, task, steps)  # type: ignore[arg-type]
        seen.append(bars.tasks[0].completed)

    monkeypatch.setattr(RichProgress, "advance", watched)
    with for_terminal().phase("read objects", 3) as done:
        done(1)
        done(1)
    assert seen == [1, 2]
    assert "3/3" in terminal.getvalue().splitlines()[-1] + terminal.getvalue().splitlines()[-2]


# ---------------------------------------------------------------- waiting for an answer


def waited(narration: Progress, percentage: float | None, *, looks: int = 2) -> None:
    """Wait for an answer until it was asked a few times how far it is."""
    asked = threading.Semaphore(0)

    def done() -> float | None:
        asked.release()
        return percentage

    stdout = sys.stdout
    with narration.waiting("answer", done):
        for _ in range(looks):
            assert asked.acquire(timeout=10)
        assert sys.stdout is stdout


def bars(monkeypatch: pytest.MonkeyPatch, patience: float = 0.0) -> tuple[Progress, Terminal]:
    """What narrates on a terminal that is stderr, and that terminal."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(progress, "PATIENCE", patience)
    monkeypatch.setattr(progress, "REDRAW_EVERY", 0.01)
    return for_terminal(), terminal


@pytest.mark.parametrize(("percentage", "shown"), [(41.7, r" +42%"), (None, "")])
def test_a_wait_shows_its_seconds_and_how_far_the_answer_is_and_leaves_nothing(
    percentage: float | None, shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    narration, terminal = bars(monkeypatch)
    waited(narration, percentage)
    text = re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue())
    assert re.search(rf"answer [━╸╺ ]+{shown} 0:00:0\d", text), text
    assert ("%" in text) == (percentage is not None)
    assert text.endswith("\x1b[1A\x1b[2K"), "the line is erased"


def test_the_seconds_of_a_wait_begin_with_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    narration, terminal = bars(monkeypatch, patience=1.0)
    waited(narration, None, looks=1)
    assert "0:00:01" in terminal.getvalue()


def test_a_short_wait_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    narration, terminal = bars(monkeypatch, patience=60.0)
    waited(narration, 50.0, looks=0)
    assert terminal.getvalue() == ""


def test_a_wait_shows_nothing_from_where_the_answer_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    narration, terminal = bars(monkeypatch)
    looked = threading.Event()
    with narration.waiting("answer", looked.set) as end:
        assert looked.wait(timeout=10)
        end()
        before = terminal.getvalue()
        assert before.endswith("\x1b[1A\x1b[2K")
        time.sleep(0.05)
        assert terminal.getvalue() == before


@pytest.mark.parametrize("kind", [Progress, JsonLines])
def test_a_wait_shows_nothing_where_no_terminal_is(kind: type[Progress]) -> None:
    stream = io.StringIO()
    waited(kind(stream), 50.0, looks=0)
    assert stream.getvalue() == ""


def test_a_load_goes_on_when_nobody_reads_what_it_says(sparkify: Sparkify) -> None:
    sparkify.put("log_data/a.json", lines([event()]))
    reading, writing = os.pipe()
    os.close(reading)
    command = [*PROGRAM, "etl", "--json", "--verbose", "--config", str(sparkify.config)]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=writing, text=True, check=False)
    os.close(writing)
    assert done.returncode == 0
    assert json.loads(done.stdout)["plays"]["new"] == 1
    assert sparkify.query("select status, plays_inserted from runs") == [("done", 1)]
