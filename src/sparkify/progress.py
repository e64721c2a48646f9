"""Narration on stderr: bars on a terminal, plain lines elsewhere, JSON lines for programs.

What the program finds out goes to stdout instead.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, TextIO, TypeAlias, cast

from sparkify.output import escape_control_characters, json_line, without_credentials, write_lines

if TYPE_CHECKING:
    from rich.console import Console

Detail: TypeAlias = Literal["quiet", "normal", "verbose"]
"""How much is narrated: only what is wrong, what is going on, or every statement of SQL too."""

Log: TypeAlias = Literal["text", "json"]
"""The form of the narration."""

Level: TypeAlias = Literal["debug", "info", "warning", "error"]

SHOWN = 120
"""Characters of a statement that are shown."""

PATIENCE = 1.0
"""Seconds that a person waits for an answer before a terminal shows that the program is working."""

REDRAW_EVERY = 0.2
"""Seconds between two looks at how far an answer is."""


def discard_rest(stream: TextIO) -> None:
    """Discard what is still written to a stream whose reader, such as `head`, has gone.

    Python writes its buffer once more at exit, and would complain there.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


class UnfailingStream:
    """A stream to which a command goes on writing when nobody reads it: its terminal was closed, its disk is full."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write a text, or discard it and what follows."""
        try:
            return self._stream.write(text)
        except OSError:
            discard_rest(self._stream)
        return len(text)

    def flush(self) -> None:
        """Let what was written be read."""
        try:
            self._stream.flush()
        except OSError:
            discard_rest(self._stream)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


class Progress:
    """Narrates a command, a line for each thing, on a stream that is no terminal.

    `run_id` is the run of the load in hand, once it is known. `secrets` are cut out of all that is narrated.
    `warnings` are those of this command so far. `command` is its name; empty where no command line was given.
    """

    def __init__(self, stream: TextIO | None = None, detail: Detail = "normal") -> None:
        self._stream = cast(TextIO, UnfailingStream(stream or sys.stderr))
        self._detail = detail
        self.command = ""
        self.run_id: int | None = None
        self.secrets: tuple[str, ...] = ()
        self.warnings: list[str] = []

    def without_secrets(self, text: str) -> str:
        """The text without the secrets of the configuration and the credentials in its addresses."""
        return without_credentials(text, self.secrets)

    def warn(self, *texts: str) -> None:
        """What is wrong though the command goes on, text by text; narrated even when quiet."""
        for text in texts:
            self.warnings.append(self.without_secrets(text))
            self._narrate("warning", text)

    def say(self, text: str) -> None:
        """One line for the person, unless they want it quiet."""
        if self._detail != "quiet":
            self._narrate("info", text)

    def error(self, lines: Sequence[str], stays: Sequence[str]) -> None:
        """Why the command ends, and what stays of what it did."""
        first, *others = lines or ("",)
        self._write([f"error: {first}", *others, *stays])

    def usage_error(self, program: str, text: str, usage: str) -> None:
        """Why a command line cannot be used, below the usage."""
        self._write([*usage.rstrip().splitlines(), f"{program}: error: {text}"])

    @contextmanager
    def phase(self, what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """A part of the run, of `total` steps if that is known; call what it yields with the number of steps done."""
        self.say(what if total is None else f"{what}: {total:,}")
        yield lambda steps: None

    @contextmanager
    def waiting(self, what: str, percentage: Callable[[], float | None]) -> Iterator[Callable[[], None]]:
        """The time in which a person waits for an answer; call what it yields before the answer is shown to them.

        `percentage` may be called in another thread; it returns None where nobody knows.
        """
        yield lambda: None

    @contextmanager
    def statement(self, sql: str) -> Iterator[None]:
        """The time in which a statement runs, narrated with its beginning to a person who wants it verbose."""
        started = time.perf_counter()
        try:
            yield
        finally:
            if self._detail == "verbose":
                text = " ".join(sql.split())
                text = text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
                self._statement(text, time.perf_counter() - started)

    def _statement(self, sql: str, seconds: float) -> None:
        self._write([f"{seconds:8.3f} s  {sql}"])

    def _narrate(self, level: Level, text: str) -> None:
        self._write([f"warning: {text}" if level == "warning" else text])

    def _write(self, lines: Sequence[str]) -> None:
        self._write_lines([self.without_secrets(line) for line in lines])

    def _write_lines(self, lines: Sequence[str]) -> None:
        write_lines(lines, self._stream)


class Bars(Progress):
    """A bar for each part of the run, on a terminal. What draws it is imported when there is something to draw."""

    _console: Console | None = None

    def _write_lines(self, lines: Sequence[str]) -> None:
        """Lines above the bar, if there is one."""
        if self._console is None:
            super()._write_lines(lines)
            return
        for line in lines:
            text = escape_control_characters(line)
            self._console.print(text, markup=False, highlight=False, emoji=False, soft_wrap=True)

    @contextmanager
    def phase(self, what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """A bar that is full when the part is over."""
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        self._console = self._console or Console(file=self._stream, stderr=True)
        name = TextColumn("{task.description:<32}", markup=False)
        with RichProgress(name, BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=self._console) as bars:
            task = bars.add_task(escape_control_characters(self.without_secrets(what)), total=total)
            yield lambda steps: bars.advance(task, steps)
            size = total or 1
            bars.update(task, total=size, completed=size)

    @contextmanager
    def waiting(self, what: str, percentage: Callable[[], float | None]) -> Iterator[Callable[[], None]]:
        """A bar with the seconds, from `PATIENCE` on, which is erased at the end."""
        over = threading.Event()
        # The calling thread is inside the database's driver until the answer is there.
        drawing = threading.Thread(target=self._draw_waiting, args=(what, percentage, over), daemon=True)

        def end() -> None:
            over.set()
            drawing.join()

        drawing.start()
        try:
            yield end
        finally:
            end()

    def _draw_waiting(self, what: str, percentage: Callable[[], float | None], over: threading.Event) -> None:
        started = time.monotonic()
        if over.wait(PATIENCE):
            return
        from rich.console import Console
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        self._console = self._console or Console(file=self._stream, stderr=True)
        # Nothing but the bar goes through rich, above all not what is written to stdout meanwhile.
        with RichProgress(
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TaskProgressColumn(),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
            get_time=time.monotonic,
        ) as bars:
            task = bars.add_task(what, total=None)
            bars.tasks[0].start_time = started
            while not over.wait(REDRAW_EVERY):
                done = percentage()
                bars.update(task, total=None if done is None else 100, completed=done or 0)


class JsonLines(Progress):
    """One JSON object a line, for programs: time (UTC), level, run_id, message, and the fields of its kind.

    A part of the run is an object when it begins, with `phase` and `steps`, and one when it ends, with `seconds` too.
    """

    def error(self, lines: Sequence[str], stays: Sequence[str]) -> None:
        """Why the command ends, as one object."""
        self._object("error", "\n".join(lines), stays=self.without_secrets("\n".join(stays)))

    def usage_error(self, program: str, text: str, usage: str) -> None:
        """Why a command line cannot be used, as one object."""
        self._object("error", text)

    @contextmanager
    def phase(self, what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """A part of the run, as an object at its beginning and one at its end."""
        started = time.perf_counter()
        is_quiet = self._detail == "quiet"
        fields = {"phase": self.without_secrets(what), "steps": total}
        if not is_quiet:
            self._object("info", what, **fields)
        yield lambda steps: None
        if not is_quiet:
            seconds = round(time.perf_counter() - started, 3)
            self._object("info", f"{what}: done", **fields, seconds=seconds)

    def _statement(self, sql: str, seconds: float) -> None:
        self._object("debug", sql, seconds=round(seconds, 6))

    def _narrate(self, level: Level, text: str) -> None:
        self._object(level, text)

    def _object(self, level: Level, message: str, **fields: Any) -> None:
        now = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds")
        common = {"time": now, "level": level, "run_id": self.run_id, "message": self.without_secrets(message)}
        self._write_lines([json_line(common | fields)])


def for_terminal(detail: Detail = "normal", log: Log = "text") -> Progress:
    """Bars when stderr is a terminal that can draw them, lines when it is not; neither when it must be quiet."""
    if log == "json":
        return JsonLines(detail=detail)
    has_bars = sys.stderr.isatty() and os.environ.get("TERM") not in ("dumb", "unknown") and detail != "quiet"
    return Bars(detail=detail) if has_bars else Progress(detail=detail)
