"""The analysts' questions that ship with the program, a SQL file each."""

from __future__ import annotations

from collections.abc import Sequence

from sparkify import sql_queries
from sparkify.engines import Engine, Value
from sparkify.errors import ConfigError


def questions() -> str:
    """Every question by name, with its one-line description."""
    return _table([(name, sql_queries.header("report", name)) for name in sql_queries.names("report")])


def answer(engine: Engine, name: str) -> str:
    """The answer to a question, as a table.

    Raises:
        ConfigError: there is no such question.
    """
    if name not in sql_queries.names("report"):
        raise ConfigError(f"{name}: there is no such question; these are there:\n{questions()}")
    [statement] = sql_queries.statements("report", name)
    return _table([engine.columns(statement), *engine.query(statement)])


def _table(rows: Sequence[Sequence[Value]]) -> str:
    cells = [["" if value is None else str(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip() for row in cells)
