"""The values of a statement as Redshift takes them: each with its type, moments and numbers of rows within the text.

The driver sends a text without a type, and a whole number with the smallest one that holds it. A cast says what a
value is, wherever the statement uses it. A moment is a literal, so that Redshift knows when it plans the statement
which blocks of a table lie outside a range of time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from sparkify import sql_queries
from sparkify.engines.answer import Value

TYPES = {
    bool: "boolean",
    int: "bigint",
    float: "double precision",
    str: "varchar(65535)",
}
"""Redshift's type of a value."""

BACKSLASH = "\\"

ROW_COUNT = re.compile(r"\b(?:limit|offset)[\s(]*\$([a-z_]\w*)", re.IGNORECASE)
"""Where a statement takes a number of rows. Redshift refuses one that is bound: `Not implemented`, code 1001
(github.com/aws/amazon-redshift-python-driver/issues/24).
"""


def bound(sql: str, values: Mapping[str, Value]) -> tuple[str, tuple[Value, ...] | None]:
    """A statement with a cast of `$1` for the first of the names that are bound, and their values in that order.

    What stands in the text already is not among the values.
    """
    names: list[str] = []

    def written(name: str) -> str:
        if name not in values:
            return f"${name}"
        value = values[name]
        if literal := _literal_of_moment(value):
            return literal
        if name not in names:
            names.append(name)
        return f"cast(${names.index(name) + 1} as {TYPES[type(value)]})"

    statement = sql_queries.with_parameters(_with_row_counts(sql, values), written)
    return statement, tuple(values[name] for name in names) or None


def in_text(sql: str, values: Mapping[str, Value]) -> str:
    """A statement with its values in its text, each with a cast: where no page says that they may be bound."""

    def written(name: str) -> str:
        if name not in values:
            return f"${name}"
        value = values[name]
        if literal := _literal_of_moment(value):
            return literal
        # A backslash escapes what follows it.
        return f"cast({sql_queries.literal(str(value)).replace(BACKSLASH, 2 * BACKSLASH)} as {TYPES[type(value)]})"

    return sql_queries.with_parameters(_with_row_counts(sql, values), written)


def _literal_of_moment(value: Value) -> str:
    """The literal of a moment, or of no value; empty for any other."""
    if isinstance(value, datetime):
        return f"timestamp '{value.isoformat(' ')}'"
    return "null" if value is None else ""


def _with_row_counts(sql: str, values: Mapping[str, Value]) -> str:
    """A statement with the whole numbers of its LIMIT and OFFSET in its text."""
    parts, at = [], 0
    for match in ROW_COUNT.finditer(sql_queries.code(sql)):
        count = values.get(match[1])
        if type(count) is int:
            parts += [sql[at : match.start(1) - 1], str(count)]
            at = match.end(1)
    return "".join([*parts, sql[at:]])
