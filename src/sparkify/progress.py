"""Narration on stderr: bars on a terminal, plain lines elsewhere. What the program finds out goes to stdout instead."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO


class Progress:
    """Says what is going on, a line for each thing, on a stream that is no terminal."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr

    def say(self, text: str) -> None:
        """One line for the person."""
        print(text, file=self._stream, flush=True)

    @contextmanager
    def phase(self, what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """A part of the run, of `total` steps if that is known; call what it yields with the number of steps done."""
        self.say(what if total is None else f"{what}: {total:,}")
        yield lambda steps: None


class Bars(Progress):
    """A bar for each part of the run, on a terminal."""

    def __init__(self) -> None:
        super().__init__()
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        self._console = Console(stderr=True)
        self._columns = (TextColumn("{task.description:<32}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = RichProgress

    def say(self, text: str) -> None:
        """One line above the bars."""
        self._console.print(text, markup=False, highlight=False)

    @contextmanager
    def phase(self, what: str, total: int | None = None) -> Iterator[Callable[[int], None]]:
        """A bar that is full when the part is over."""
        with self._progress(*self._columns, console=self._console) as bars:
            task = bars.add_task(what, total=total)
            yield lambda steps: bars.advance(task, steps)
            size = total or 1
            bars.update(task, total=size, completed=size)


def for_terminal() -> Progress:
    """Bars when stderr is a terminal, lines when it is not."""
    return Bars() if sys.stderr.isatty() else Progress()
