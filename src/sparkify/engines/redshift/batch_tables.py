"""The staging and work tables of a load: temporary tables of the session, each made when a statement first names it.

Redshift compiles a `create` like any other statement, so a table that a step fills is made by the step itself, `create
table as`, and a table that no statement names is not made at all. Any other is made empty, as `sql/create` declares it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from sparkify import sql_queries

NAMES = re.compile(rf"\b(?:{'|'.join(sql_queries.BATCH)})\b")

FILLS = re.compile(r"insert into (\w+) (\([^)]*\))(?=\s+(?:select|with)\b)")
"""How a statement begins that adds the rows of a query to a table."""


def declared(names: Iterable[str]) -> list[str]:
    """The statements that make tables of the batch, empty; also its views, filled, for no view reads such a table."""
    return [
        re.sub("^create (table if not exists|or replace view)", "create temporary table", statement)
        for statement in sql_queries.create_queries("redshift", names)
    ]


def named(sql: str) -> set[str]:
    """The tables and views of the batch that a statement names."""
    return {*NAMES.findall(sql_queries.code(sql, names=True))}


def filled(sql: str) -> str:
    """The table of the batch to which a statement adds the rows of a query; empty where it adds none to any."""
    match = FILLS.match(sql)
    return match[1] if match and match[1] in sql_queries.BATCH_TABLES else ""


def making(sql: str) -> str:
    """A statement that adds the rows of a query to a table, as one that makes the table of them."""
    return FILLS.sub(r"create temporary table \1 \2 as", sql, count=1)
