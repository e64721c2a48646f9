"""The rules that the warehouse must keep, a SQL file each: what a check finds must not exist."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sparkify import sql_queries
from sparkify.engines.answer import Rows
from sparkify.engines.engine import Engine
from sparkify.errors import CheckError
from sparkify.extent import Extent
from sparkify.output import as_json

SHOWN = 5
"""Offending rows that are shown of each check."""


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


def run(engine: Engine, extent: Extent) -> int:
    """Run every check on the events of an extent; how many checks there are.

    Raises:
        CheckError: a check found such rows; the message shows the first of them, and what they mean.
    """
    if failed := failures(engine, extent):
        raise fault(failed)
    return len(sql_queries.names("checks"))


def failures(engine: Engine, extent: Extent) -> list[Failure]:
    """The checks that find rows which must not exist, among the events of an extent."""
    return [_failure(engine, name, extent) for name in sorted(name for (name,) in extent.query(engine, _all_checks()))]


@cache
def _all_checks() -> str:
    """One statement that makes all checks; its rows are the names of those that find something."""
    counts = (
        f"select cast('{name}' as varchar(256)) as name, count(*) as found from (\n{statement}\n) as {name}"
        for name in sql_queries.names("checks")
        for statement in sql_queries.statements("checks", name)
    )
    return "select name from (\n" + "\nunion all\n".join(counts) + "\n) as checks where found > 0"


def _failure(engine: Engine, name: str, extent: Extent) -> Failure:
    """What a check that failed has found."""
    [statement] = sql_queries.statements("checks", name)
    rows = extent.query(engine, f"{statement}\nlimit {SHOWN + 1}")
    return Failure(name, sql_queries.header("checks", name), rows[:SHOWN], len(rows) > SHOWN)


def fault(failed: Sequence[Failure]) -> CheckError:
    """What a command that runs into failed checks ends with."""
    e = CheckError(*(line for each in failed for line in each.lines()))
    e.fields = {"failed": [each.fields() for each in failed]}
    return e
