"""What every table, view and column means, read from the comments beside its definition in `sql/create`.

A file's header describes its table up to the line `Grain: …`; what follows there is for maintainers. The comment at the
end of a column's line describes the column. Where a column has none, it takes the description of another one:

- in a view or a question, a bare column, or the greatest value of one (`max`), that of the column that it selects,
  through with-clauses too;
- in a table or view whose header says `Columns: as in other.`, that of the column of its name there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from textwrap import dedent
from typing import Literal, NamedTuple, TypeAlias

from sparkify import sql_queries

Kind = Literal["table", "view"]


@dataclass(frozen=True)
class Column:
    """A column; `type` is as SQL writes it, empty where an expression makes it. A missing description is empty."""

    name: str
    type: str
    may_be_null: bool
    description: str


@dataclass(frozen=True)
class ForeignKey:
    """A column that holds values of a column of another table."""

    column: str
    table: str
    referenced: str


@dataclass(frozen=True)
class Table:
    """A table or a view: what it is, what one of its rows is (`grain`), its columns and its keys."""

    name: str
    kind: Kind
    description: str
    grain: str
    columns: tuple[Column, ...]
    primary_key: str
    foreign_keys: tuple[ForeignKey, ...]

    @property
    def comment(self) -> str:
        """What it is and what a row is, in one text."""
        grain = f"{self.grain[:1].upper()}{self.grain[1:]}"
        return f"{self.description} {grain}".strip()

    def column(self, name: str) -> Column | None:
        """The column of a name, if there is one."""
        return next((column for column in self.columns if column.name == name), None)


@cache
def table(name: str) -> Table:
    """The table or view of a name."""
    return parsed(name, sql_queries.read("create", name))


def tables() -> list[Table]:
    """All tables and views, in the order in which they are created."""
    return [table(name) for name in (*sql_queries.TABLES, *sql_queries.VIEWS)]


def parsed(name: str, text: str) -> Table:
    """The table or view that the text of a file of `sql/create` defines."""
    head = re.match(r"(?:-- (?!Grain: ).*\n)*", text)
    described = " ".join(line.removeprefix("-- ") for line in head[0].splitlines()) if head else ""
    grain = re.search(r"^-- Grain: (.*)$", text, re.MULTILINE)
    is_view = re.search(r"^create or replace view ", text, re.MULTILINE) is not None
    primary_key = re.search(r"primary key \((\w+)\)", text)
    foreign_keys = re.findall(r'foreign key \((\w+)\)\s+references "?(\w+)"? \((\w+)\)', text)
    return Table(
        name=name,
        kind="view" if is_view else "table",
        description=described,
        grain=grain[1] if grain else "",
        columns=tuple(_with_descriptions(text, _selected_columns(text) if is_view else _declared_columns(text))),
        primary_key=primary_key[1] if primary_key else "",
        foreign_keys=tuple(ForeignKey(*key) for key in foreign_keys),
    )


def question_columns(name: str) -> dict[str, str]:
    """The columns of the answer to a question of `sql/report`, in order, with their descriptions."""
    return {column.name: column.description for column in _selected_columns(sql_queries.read("report", name))}


def tables_read(sql: str) -> list[str]:
    """The tables and views of the warehouse that a statement reads, in the order in which it names them."""
    named = re.findall(r'\b(?:from|join|using) "?(\w+)"?', re.sub(r"--.*|^delete from", "", sql, flags=re.MULTILINE))
    return [name for name in dict.fromkeys(named) if name in (*sql_queries.TABLES, *sql_queries.VIEWS)]


Comments: TypeAlias = Mapping[tuple[str, str], str | None]
"""Comments by table or view, and column, both in small letters; an empty column stands for the table itself."""


def comment_queries(engine: str, written: Comments | None = None) -> list[str]:
    """The statements that write the descriptions of tables and views into the warehouse, where any SQL tool shows them.

    Those that are `written` there already are left out. Work tables get none, for only the load reads them, and
    temporary tables cannot have any.
    """
    staging = sql_queries.STAGING.values() if engine in sql_queries.STAGING_SCHEMAS else ()
    names = (*staging, *sql_queries.LASTING)
    return [
        statement
        for name in names
        for statement in _comments_on(table(name), sql_queries.qualified(engine, name), written or {})
    ]


def _comments_on(described: Table, name: str, written: Comments) -> Iterator[str]:
    if written.get((described.name, "")) != described.comment:
        yield f"comment on {described.kind} {name} is {sql_queries.literal(described.comment)}"
    for column in described.columns:
        if written.get((described.name, column.name.lower())) != column.description:
            yield f"comment on column {name}.{column.name} is {sql_queries.literal(column.description)}"


def _declared_columns(text: str) -> Iterator[Column]:
    """The columns of a table."""
    for name, kind, required, description in re.findall(sql_queries.COLUMN, text):
        yield Column(name, kind, not required, description)


def _with_descriptions(text: str, columns: Iterable[Column]) -> Iterator[Column]:
    """The columns, those without a description with the one of the table that the header names."""
    other = re.search(r"^-- Columns: as in (\w+)\.$", text, re.MULTILINE)
    for column in columns:
        yield column if column.description or not other else _described(column, table(other[1]).column(column.name))


class _Source(NamedTuple):
    """What a statement selects from; an outer join may fill its columns with nulls."""

    columns: tuple[Column, ...]
    is_optional: bool


def _selected_columns(text: str, parts: Mapping[str, tuple[Column, ...]] | None = None) -> Iterator[Column]:
    """The columns of the outermost select of a text, which begins and ends at the margin.

    `parts` are the columns of the with-clauses before it.
    """
    read = _sources(text, parts or {})
    for expression, description in _selected(text):
        bare = re.fullmatch(r"(?:max\()?(?:(\w+)\.)?(\w+)\)?(?: as (\w+))?", expression)
        if not bare:
            yield Column(expression.rpartition(" ")[2], "", "null" in description, description)
            continue
        alias, name, new_name = bare.groups()
        origins = [
            replace(column, may_be_null=column.may_be_null or source.is_optional)
            for known_as, source in read.items()
            for column in source.columns
            if alias in (None, known_as) and column.name == name
        ]
        origin = origins[0] if origins else Column(name, "", True, "")
        column = replace(origin, name=new_name or name, description=description)
        yield column if description else _described(column, origin)


def _sources(text: str, parts: Mapping[str, tuple[Column, ...]]) -> dict[str, _Source]:
    """What the outermost select of a text reads, by the name that it has there: tables, views and with-clauses."""
    clauses = re.findall(r"^(?:with )?(\w+) as \(\n(.*?)^\)", text, re.MULTILINE | re.DOTALL)
    columns = dict(parts)
    for name, clause in clauses:
        columns[name] = tuple(_selected_columns(dedent(clause), columns))
    read = {}
    for join, name, alias in re.findall(r'^(from|[a-z ]*join) "?(\w+)"?(?: as (\w+))?', text, re.MULTILINE):
        if name not in columns and name in (*sql_queries.TABLES, *sql_queries.VIEWS):
            columns[name] = table(name).columns
        read[alias or name] = _Source(columns.get(name, ()), join.startswith(("left", "full")))
    return read


def _selected(text: str) -> Iterator[tuple[str, str]]:
    """The expressions of a text's outermost select, `as name` with them, and the comment at the end of each."""
    body = re.search(r"^select\b(.*?)(?=^from\b|\Z)", text, re.MULTILINE | re.DOTALL)
    expression = description = ""
    for line in body[1].splitlines() if body else ():
        code, _, comment = line.partition("--")
        expression = f"{expression} {code.strip()}".strip()
        description = comment.strip() or description
        if expression.endswith(",") and expression.count("(") == expression.count(")"):
            yield expression.removesuffix(","), description
            expression = description = ""
    if expression:
        yield expression, description


def _described(column: Column, origin: Column | None) -> Column:
    """A column with the description of the one that it comes from; without what null means, where it holds none."""
    text = origin.description if origin else ""
    return replace(column, description=text if column.may_be_null else re.sub(r";[^;]*\bnull: .*", "", text))
