"""The rules that the warehouse must keep, a SQL file each: what a check finds must not exist."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sparkify import sql_queries
from sparkify.engines import Engine, Rows, Value
from sparkify.errors import CheckError

SHOWN = 5
"""Offending rows that are shown of each check."""

ALL_TIME = {"first_play": datetime(1, 1, 1), "last_play": datetime(9999, 12, 31, 23, 59, 59, 999999)}
"""The values that make the checks look at the whole warehouse."""


def run(engine: Engine, extent: Mapping[str, Value]) -> int:
    """Run every check on the plays between `first_play` and `last_play`; how many checks there are.

    Raises:
        CheckError: a check found something; the text shows what, and what it means.
    """
    names = sql_queries.names("checks")
    found = {name: rows for name in names if (rows := _offending(engine, name, extent))}
    if found:
        raise CheckError("\n".join(_described(name, rows) for name, rows in found.items()))
    return len(names)


def _offending(engine: Engine, name: str, extent: Mapping[str, Value]) -> Rows:
    [statement] = sql_queries.statements("checks", name)
    return engine.query(f"{statement}\nlimit {SHOWN + 1}", extent)


def _described(name: str, rows: Rows) -> str:
    lines = [f"check {name}: {sql_queries.header('checks', name)}"]
    lines += [f"    {', '.join(str(value) for value in row)}" for row in rows[:SHOWN]]
    return "\n".join([*lines, "    …"] if len(rows) > SHOWN else lines)
