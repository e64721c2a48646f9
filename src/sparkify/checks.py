"""The rules that the warehouse must keep, a SQL file each: what a check finds must not exist.

A load checks what its batch changed: the moments around its events, and its users, songs and objects. In the file of a
check, a comment `/* batch: … */` leaves the rest out. Plays of other times that new songs match are checked with the
whole warehouse.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sparkify import sql_queries
from sparkify.engines.answer import Rows
from sparkify.engines.engine import Engine
from sparkify.errors import CheckError
from sparkify.extent import ALL_TIME, Extent
from sparkify.output import as_json

SHOWN = 5
"""Offending rows that are shown of each check."""

EVENTS, SONGS, ANYTHING = "staged events", "objects of songs", ""
"""What a batch may hold, as the steps of the transform name it."""

NEEDS = {
    "artists_unique": SONGS,
    "catalogue_complete": SONGS,
    "catalogue_sums": SONGS,
    "page_views_unique": EVENTS,
    "page_views_users": EVENTS,
    "songplays_artists": EVENTS,
    "songplays_songs": EVENTS,
    "songplays_time": EVENTS,
    "songplays_unique": EVENTS,
    "songplays_users": EVENTS,
    "songs_unique": SONGS,
    "sums": ANYTHING,
    "time_unique": EVENTS,
    "users_unique": EVENTS,
}
"""The checks, and what a batch must hold for them to find anything."""


@dataclass(frozen=True)
class Failure:
    """A check that found rows which must not exist: what that means, and the first `SHOWN` of them."""

    check: str
    meaning: str
    rows: Rows
    has_more: bool

    def lines(self) -> list[str]:
        """The check and its rows, for a person."""
        rows = [f"    {', '.join(str(value) for value in row)}" for row in self.rows]
        return [f"check {self.check}: {self.meaning}", *rows, *(["    …"] if self.has_more else [])]

    def fields(self) -> dict[str, Any]:
        """The same for a program."""
        rows = [[as_json(value) for value in row] for row in self.rows]
        return {"check": self.check, "meaning": self.meaning, "rows": rows, "has_more": self.has_more}


def run(engine: Engine, extent: Extent, rows: Mapping[str, int]) -> None:
    """Check what a batch changed.

    `extent` says when its events happened, and `rows` how many rows were staged.

    Raises:
        CheckError: a check found such rows; the message shows the first of them, and what they mean.
    """
    names = tuple(name for name, need in NEEDS.items() if need == ANYTHING or rows[need])
    if failed := _failures(engine, names, extent, "batch"):
        raise fault(failed)


def require_all(engine: Engine) -> None:
    """Check the whole warehouse.

    Raises:
        CheckError: as `run`.
    """
    if failed := failures(engine):
        raise fault(failed)


def failures(engine: Engine) -> list[Failure]:
    """The checks that find rows which must not exist, anywhere in the warehouse."""
    return _failures(engine, tuple(NEEDS), ALL_TIME)


def _failures(engine: Engine, names: tuple[str, ...], extent: Extent, part: str = "") -> list[Failure]:
    found = sorted(name for (name,) in extent.query(engine, _united(engine.name, names, part)))
    return [_failure(engine, name, extent, part) for name in found]


@cache
def _united(engine: str, names: tuple[str, ...], part: str) -> str:
    """One statement that makes some checks; its rows are the names of those that find something."""
    counts = (
        f"select cast('{name}' as varchar(256)) as name, count(*) as found from (\n{statement}\n) as {name}"
        for name in names
        for statement in [_check(engine, name, part)]
    )
    return "select name from (\n" + "\nunion all\n".join(counts) + "\n) as checks where found > 0"


def _check(engine: str, name: str, part: str) -> str:
    """The statement of a check: of the whole warehouse, or of the part `batch` alone."""
    [statement] = sql_queries.statements("checks", name)
    return sql_queries.opened_for(engine, statement, part)


def _failure(engine: Engine, name: str, extent: Extent, part: str) -> Failure:
    """What a check that failed has found."""
    rows = extent.query(engine, f"{_check(engine.name, name, part)}\nlimit {SHOWN + 1}")
    return Failure(name, sql_queries.header("checks", name), rows[:SHOWN], len(rows) > SHOWN)


def fault(failed: Sequence[Failure]) -> CheckError:
    """What a command that runs into failed checks ends with."""
    e = CheckError(*(line for each in failed for line in each.lines()))
    e.fields = {"failed": [each.fields() for each in failed]}
    return e
