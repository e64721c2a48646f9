"""Narration on stderr: bars on a terminal, plain lines elsewhere. What the program finds out goes to stdout instead."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, TextIO, TypeAlias

if TYPE_CHECKING:
    from rich.console import Console

Detail: TypeAlias = Literal["quiet", "normal", "verbose"]
"""How much is said: only what is wrong, what is going on, or every statement of SQL too."""

SHOWN = 120
"""Characters of a statement that are shown."""

CONTROLS = {n: repr(chr(n))[1:-1] for n in (*range(32), *range(127, 160)) if chr(n) not in "\t\n"}
"""The characters that can steer a terminal, save tabs and ends of lines, as they are shown."""


def harmless(text: str) -> str:
    """A text that came from outside as a terminal may print it: what could steer the terminal is spelled out."""
    return text.translate(CONTROLS)


def let_go(stream: TextIO) -> None:
    """Let what is still written to a stream vanish: whoever read it, such as `head`, has gone.

    Python writes what it holds back once more at its end, and would complain there.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


class Progress:
    """Says what is going on, a line for each thing, on a stream that is no terminal."""

    def __init__(self, stream: TextIO | None = None, detail: Detail = "normal") -> None:
        self._stream = stream or sys.stderr
        self._detail = detail

    def warn(self, text: str) -> None:
        """One line for the person that is always said; if nobody listens any more, the work goes on."""
        try:
            print(harmless(text), file=self._stream, flush=True)
        except BrokenPipeError:
            let_go(self._stream)

    def say(self, text: str) -> None:
        """One line for the person, unless they want it quiet."""
        if self._detail != "quiet":
            self.warn(text)

    @contextmanager
    def phase(self, what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """A part of the run, of `total` steps if that is known; call what it yields with the number of steps done."""
        self.say(what if total is None else f"{what}: {total:,}")
        yield lambda steps: None

    @contextmanager
    def statement(self, sql: str) -> Iterator[None]:
        """The time in which a statement runs, told together with its beginning to a person who wants it verbose."""
        started = time.perf_counter()
        try:
            yield
        finally:
            if self._detail == "verbose":
                text = " ".join(sql.split())
                text = text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"
                self.warn(f"{time.perf_counter() - started:8.3f} s  {text}")


class Bars(Progress):
    """A bar for each part of the run, on a terminal. What draws it is imported when there is something to draw."""

    _console: Console | None = None

    def warn(self, text: str) -> None:
        """One line, above the bar if there is one."""
        if self._console is None:
            super().warn(text)
        else:
            self._console.print(harmless(text), markup=False, highlight=False, soft_wrap=True)

    @contextmanager
    def phase(self, what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """A bar that is full when the part is over."""
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        self._console = self._console or Console(stderr=True)
        columns = (TextColumn("{task.description:<32}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with RichProgress(*columns, console=self._console) as bars:
            task = bars.add_task(what, total=total)
            yield lambda steps: bars.advance(task, steps)
            size = total or 1
            bars.update(task, total=size, completed=size)


def for_terminal(detail: Detail = "normal") -> Progress:
    """Bars when stderr is a terminal that can draw them, lines when it is not; neither when it has to be quiet."""
    has_bars = sys.stderr.isatty() and os.environ.get("TERM") not in ("dumb", "unknown") and detail != "quiet"
    return Bars(detail=detail) if has_bars else Progress(detail=detail)
