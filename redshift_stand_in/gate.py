"""The gate: a statement must pass the grammar and a list of refusals before it reaches PostgreSQL.

The grammar is sqlfluff's redshift dialect; the list is in `refusals` and `correlation`. DG is the Database Developer
Guide, docs.aws.amazon.com/redshift/latest/dg.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from sqlfluff.core.parser import BaseSegment

from redshift_stand_in import correlation, refusals, unload_request
from redshift_stand_in.catalog import KEPT_SETTINGS, SESSION_FUNCTIONS, SETTINGS
from redshift_stand_in.syntax import below, children, parse, syntax_error, unsupported, words
from redshift_stand_in.translation import setting, sql, written_table
from redshift_stand_in.wire import SqlError

COMMANDS = {
    "select_statement": "select",
    "set_expression": "select",
    "with_compound_statement": "select",
    "bracketed": "select",
    "insert_statement": "insert",
    "update_statement": "update",
    "delete_statement": "delete",
    "merge_statement": "merge",
    "copy_statement": "copy",
    "unload_statement": "unload",
    "truncate_table": "truncate",
    "transaction_statement": "transaction",
    "lock_table_statement": "lock",
    "create_table_statement": "create table",
    "create_table_as_statement": "create table as",
    "alter_table_statement": "alter table",
    "create_view_statement": "create view",
    "create_schema_statement": "create schema",
    "drop_table_statement": "drop table",
    "drop_view_statement": "drop view",
    "drop_schema_statement": "drop schema",
    "set_statement": "set",
    "show_statement": "show",
    "vacuum_statement": "vacuum",
    "analyze_statement": "analyze",
    "comment_clause": "comment",
    "declare_statement": "declare",
    "fetch_statement": "fetch",
    "close_statement": "close",
    "explain_statement": "explain",
}
"""The commands that the stand-in knows, by sqlfluff's type; any other is refused, even if Redshift has it."""

QUERIES = tuple(kind for kind, command in COMMANDS.items() if command == "select")

WRITING = frozenset({"insert", "update", "delete", "merge", "copy"})

IGNORED_SETTINGS = frozenset({"enable_result_cache_for_session", "wlm_query_slot_count"})
"""Settings of Redshift that PostgreSQL lacks: SET of these does nothing."""


@dataclass(frozen=True)
class Statement:
    """A statement that Redshift would take.

    `sql` is in PostgreSQL's words; of an UNLOAD it is the query. `written` is the table whose rows it changes, if any;
    `viewed` are the tables of a CREATE VIEW; `row_counts` are the numbers of the placeholders in LIMIT and OFFSET.
    """

    command: str
    sql: str
    tokens: tuple[str, ...]
    written: str = ""
    viewed: tuple[str, ...] = ()
    row_counts: tuple[int, ...] = ()

    @property
    def has_placeholders(self) -> bool:
        """Whether `sql` holds {name} for a function whose value only the session knows, when the statement runs."""
        return any(f"{{{name}}}" in self.sql for name in SESSION_FUNCTIONS)


_VALUE = r"(?:\$\d+|-?[\d.]+|null|'[^'\\]*')"
_TYPED = rf"(?:{_VALUE}|cast\({_VALUE} as [a-z]+(?: precision|\(\d+\))?\))"
_ROW = rf"\((?:\s*{_TYPED}\s*,?)+\)"
_ROWS = re.compile(rf"(insert\s+into\s.*?\bvalues\s*{_ROW})((?:\s*,\s*{_ROW})+)\s*;?\s*", re.IGNORECASE | re.DOTALL)


_MOMENT = r"\d{4}-\d\d-\d\d(?: \d\d:\d\d:\d\d(?:\.\d+)?)?"
_ADDRESS = r"s3://[^'\\]*"
_OF_THE_RUN = re.compile(rf"'(?:{_MOMENT}|{_ADDRESS})'")
"""Literals in which the statements of two runs differ."""


def check(text: str) -> Statement | SqlError:
    """The statement of a text, or the error with which Redshift refuses it.

    The parser takes up to a millisecond a value. So of an INSERT of many rows of plain values only the first row is
    parsed, and statements that differ in moments and addresses alone are parsed once.
    """
    if rows := _ROWS.fullmatch(text):
        first = _check_whole(rows[1])
        return replace(first, sql=first.sql + rows[2]) if isinstance(first, Statement) else first
    literals = list(dict.fromkeys(_OF_THE_RUN.findall(text)))
    if not literals:
        return _check_whole(text)
    samples = [_sample(literal, number) for number, literal in enumerate(literals)]
    statement = _check_whole(_exchanged(text, literals, samples))
    if isinstance(statement, SqlError):
        return _check_whole(text)  # it may quote a literal
    return replace(
        statement,
        sql=_exchanged(statement.sql, samples, literals),
        tokens=tuple(_exchanged(token, samples, literals) for token in statement.tokens),
    )


def _sample(literal: str, number: int) -> str:
    return f"'s3://sample/{number}'" if literal.startswith("'s3:") else f"'0001-01-01 00:00:00.{number:06}'"


def _exchanged(text: str, literals: list[str], others: list[str]) -> str:
    """A text with other literals in place of those that it has."""
    exchange = dict(zip(literals, others, strict=True))
    return _OF_THE_RUN.sub(lambda match: exchange[match[0]], text)


@lru_cache(maxsize=1024)
def _check_whole(text: str) -> Statement | SqlError:
    try:
        return _statement(text)
    except SqlError as e:
        return e


def _statement(text: str) -> Statement:
    tree = parse(re.sub(r"\s+with\s+no\s+schema\s+binding\s*;?\s*$", "", text, flags=re.IGNORECASE))
    command = COMMANDS.get(tree.get_type())
    if command is None:
        raise unsupported(f'SQL command "{text.strip()}" not supported on Redshift tables.')
    refusals.refuse(tree)
    correlation.refuse(tree)
    if command == "set" and (name := setting(tree)) in IGNORED_SETTINGS:
        command = "nothing"
    elif command == "set" and name not in SETTINGS | KEPT_SETTINGS.keys():
        raise SqlError("42704", f'unrecognized configuration parameter "{name}"')
    tokens = tuple(leaf.raw for leaf in tree.raw_segments if leaf.is_code)
    if command == "unload":
        return replace(_unloaded_query(unload_request.parse(tokens).query), command=command, tokens=tokens)
    written = written_table(tree) if command in WRITING else ""
    viewed = tuple(map(sql, below(tree, "table_reference"))) if command == "create view" else ()
    counts = (value for clause in below(tree, "limit_clause", "offset_clause") for value in _placeholders(clause))
    return Statement(command, _with_kept_setting(command, sql(tree)), tokens, written, viewed, tuple(counts))


def _with_kept_setting(command: str, text: str) -> str:
    """A SET with PostgreSQL's name of the setting; any other statement as it is."""
    if command != "set":
        return text
    return re.sub(
        r"^(set\s+(?:session\s+|local\s+)?)(\w+)",
        lambda m: m[1] + KEPT_SETTINGS.get(m[2].lower(), m[2]),
        text,
        flags=re.I,
    )


def _placeholders(segment: BaseSegment) -> Iterator[int]:
    return (int(value.raw[1:]) for value in below(segment, "dollar_numeric_literal"))


def _unloaded_query(query: str) -> Statement:
    """The query of an UNLOAD (DG r_UNLOAD): no LIMIT in the outer SELECT, and no rows of catalog tables."""
    tree = parse(query)
    if any(children(_outermost(tree), "limit_clause", "offset_clause")):
        raise unsupported("LIMIT clause is not supported in the outer SELECT of UNLOAD")
    if any(words(table).startswith(refusals.CATALOG) for table in below(tree, "table_reference")):
        raise unsupported("Specified types or functions (one per INFO message) not supported on Redshift tables.")
    if any(below(tree, "dollar_numeric_literal")):
        raise unsupported("the query of UNLOAD takes no bound values")
    statement = _statement(query)
    if statement.command != "select":
        raise syntax_error(statement.tokens[0])
    return statement


def _outermost(query: BaseSegment) -> BaseSegment:
    """The SELECT or the UNION that gives the query's rows."""
    inner = list(children(query, *QUERIES)) if query.is_type("with_compound_statement", "bracketed") else []
    return _outermost(inner[-1]) if inner else query
