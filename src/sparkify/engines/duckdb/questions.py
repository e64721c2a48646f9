"""Which statements of a person DuckDB may run: one that only reads the warehouse, by DuckDB's own parser.

A read-only transaction refuses every change of the warehouse, and still writes files: by COPY, by COPY within a `with`,
by ATTACH, by EXPLAIN ANALYZE of these. DuckDB lets them do so in its own temporary folder even where access to files
is off.
"""

from __future__ import annotations

import json
import re

from sparkify import sql_queries
from sparkify.engines.duckdb.connection import Connection
from sparkify.errors import StatementError

READING = {"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"}
"""The parts of a parsed statement that read, as `json_serialize_sql` names them; COPY_QUERY_NODE is one that writes."""

NODE = re.compile(r'"type":"(\w+_NODE)"')
"""The type of a part of a parsed statement. A text within the statement cannot look so: its quotes are escaped."""

TABLE_FUNCTION = re.compile(r'"type":"TABLE_FUNCTION".*?"function_name":"((?:[^"\\]|\\.)*)"')
"""A function in the place of a table, and its name."""

READING_FUNCTIONS = re.compile(
    r"(duckdb|pragma)_\w+|generate_series|range|repeat|repeat_row|unnest|json_each|json_tree|histogram|histogram_values"
    r"|summary|pg_timezone_names|icu_calendar_names|test_all_types|test_vector_types",
    re.IGNORECASE,
)
"""The functions that may be asked for rows: they invent rows, or describe the warehouse. The others read files, change
settings, or parse a text as another statement."""

EXPLAIN = re.compile(r"\s*explain\b(\s*analyze\b)?(\s*\(\s*(analyze|format)\b[\w\s,]*\))?", re.IGNORECASE)
"""What precedes the statement that is explained."""

READS_ONLY = "a question only reads: ask with `select`, `with`, `from`, `values`, `describe`, `summarize` or `explain`"


def require_reading(connection: Connection, sql: str) -> None:
    """Make sure that a text is one statement, and one that only reads.

    Raises:
        StatementError: it is not, or DuckDB cannot parse it.
    """
    kinds = connection.statement_kinds(sql)
    if kinds == ["EXPLAIN"] and (explain := EXPLAIN.match(sql_queries.code(sql))):
        sql = sql[explain.end() :]
        kinds = connection.statement_kinds(sql)
    if reason := _why_refused(kinds) or _why_not_reading(connection, sql):
        raise StatementError(f"{connection.address}: {reason}")


def _why_refused(kinds: list[str]) -> str:
    """Why no text that holds statements of these kinds is a question; empty if one may be."""
    if kinds == ["SELECT"]:
        return ""
    if not kinds:
        return "there is no statement to answer; ask with `select`"
    if len(kinds) > 1:
        return f"these are {len(kinds)} statements; ask one at a time"
    if kinds == ["MULTI"]:
        return "DuckDB makes several statements of it; name what `pivot` turns: `on level in ('free', 'paid')`"
    return READS_ONLY


def _why_not_reading(connection: Connection, sql: str) -> str:
    """Why a statement of the kind SELECT does more than read; empty if it does not."""
    [(tree,)] = connection.query("select json_serialize_sql($question)", {"question": sql})
    if writing := set(NODE.findall(tree)) - READING:
        return f"{READS_ONLY}; it contains {min(writing).partition('_')[0].lower()}"
    names = [json.loads(f'"{name}"') for name in TABLE_FUNCTION.findall(tree)]
    if refused := [name for name in names if not READING_FUNCTIONS.fullmatch(name)]:
        return f"a question may not call {refused[0]}: it reaches beyond the tables of the warehouse"
    return "" if NODE.search(tree) else READS_ONLY
