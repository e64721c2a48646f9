"""The text of `docs/how-to/dbt/models/sources.yml`: what `sql/create` declares, as dbt takes it."""

from __future__ import annotations

import json
from collections.abc import Iterator

from sparkify import dictionary, sql_queries
from sparkify.dictionary import Column, Table

DATABASE = "sparkify"
"""The name of the source, and of the database that dbt has attached."""

HEAD = f"""\
# Written by docs/generate.py. Change sql/create, and run `make docs`.
version: 2
sources:
  - name: {DATABASE}
    database: {DATABASE}
    schema: main
    tables:"""


def text() -> str:
    """The tables and views that last, with their descriptions, and a test of each key and each required value."""
    tables = map(dictionary.table, (*sql_queries.LASTING_VIEWS, *sql_queries.LASTING_TABLES))
    return "\n".join([HEAD, *(line for table in tables for line in _table_lines(table))]) + "\n"


def _table_lines(table: Table) -> Iterator[str]:
    yield f"      - name: {table.name}"
    yield f"        description: {_quoted(table.comment)}"
    yield "        columns:"
    for column in table.columns:
        yield f"          - name: {column.name}"
        yield f"            description: {_quoted(column.description)}"
        if tests := [*_tests(table, column)]:
            yield "            data_tests:"
            yield from (f"              {line}" for line in tests)


def _tests(table: Table, column: Column) -> Iterator[str]:
    """The tests of a column. dbt leaves nulls out of all but `not_null`."""
    if not column.may_be_null:
        yield "- not_null"
    if column.name == table.primary_key:
        yield "- unique"
    for key in table.foreign_keys:
        if key.column == column.name:
            to, field = _quoted(f"source('{DATABASE}', '{key.table}')"), key.referenced
            yield f"- relationships: {{arguments: {{to: {to}, field: {field}}}}}"


def _quoted(words: str) -> str:
    """A text in double quotes, which YAML reads as JSON does."""
    return json.dumps(words, ensure_ascii=False)
