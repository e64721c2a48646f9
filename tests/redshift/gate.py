"""What Redshift takes of SQL: a statement has to pass the grammar and a list of refusals.

The grammar is sqlfluff's redshift dialect. The refusals are what that grammar lets pass and Redshift does not, with the
page that says so: DG is the Database Developer Guide, docs.aws.amazon.com/redshift/latest/dg.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache

from sqlfluff.core.parser import BaseSegment

from redshift import correlation
from redshift.catalog import SESSION_FUNCTIONS
from redshift.syntax import below, children, parse, syntax_error, unsupported, words
from redshift.translation import setting, sql, written_table
from redshift.wire import SqlError

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
    "truncate_table": "truncate",
    "transaction_statement": "transaction",
    "lock_table_statement": "lock",
    "create_table_statement": "create table",
    "create_table_as_statement": "create table as",
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
}
"""The statements that the stand-in knows; any other is refused, whether Redshift has it or not."""

WRITING = frozenset({"insert", "update", "delete", "merge", "copy"})

# fmt: off
FUNCTIONS = frozenset({
    "abs", "btrim", "cast", "ceil", "char_length", "coalesce", "count", "current_database", "current_schema",
    "date_trunc", "dense_rank", "extract", "first_value", "floor", "getdate", "greatest", "lag", "last_value",
    "lead", "least", "left", "length", "lower", "ltrim", "max", "md5", "min", "mod", "ntile", "nullif",
    "octet_length", "pg_backend_pid", "position", "rank", "replace", "right", "row_number", "rtrim", "sign",
    "split_part", "strpos", "substring", "sum", "trim", "trunc", "upper",
}) | frozenset(SESSION_FUNCTIONS)
# fmt: on
"""The functions that a statement may call: Redshift has all of them, and PostgreSQL means the same by them."""

AGGREGATES = frozenset({"count", "first_value", "last_value", "max", "min", "sum"})

SETTINGS = frozenset({"datestyle", "search_path", "statement_timeout", "timezone"})
IGNORED_SETTINGS = frozenset({"enable_result_cache_for_session", "query_group", "wlm_query_slot_count"})
"""What Redshift has and PostgreSQL has not: SET of these does nothing."""


@dataclass(frozen=True)
class Statement:
    """A statement that Redshift would take. `sql` is for PostgreSQL; `written` is the table whose rows it changes."""

    command: str
    sql: str
    tokens: tuple[str, ...]
    written: str = ""

    @property
    def is_late(self) -> bool:
        """Whether `sql` names a function whose value is only known when it runs, as {name}."""
        return any(f"{{{name}}}" in self.sql for name in SESSION_FUNCTIONS)


_ROW = r"\((?:\s*(?:\$\d+|-?[\d.]+|null|'[^'\\]*')\s*,?)+\)"
_ROWS = re.compile(rf"(insert\s+into\s.*?\bvalues\s*{_ROW})((?:\s*,\s*{_ROW})+)\s*;?\s*", re.IGNORECASE | re.DOTALL)


def judged(text: str) -> Statement | SqlError:
    """A statement in PostgreSQL's words, or why Redshift does not take it.

    Of an INSERT of many rows of plain values only the first row is parsed, for the parser takes a millisecond a value.
    """
    if rows := _ROWS.fullmatch(text):
        first = _judged_whole(rows[1])
        return replace(first, sql=first.sql + rows[2]) if isinstance(first, Statement) else first
    return _judged_whole(text)


@lru_cache(maxsize=1024)
def _judged_whole(text: str) -> Statement | SqlError:
    try:
        return _judge(text)
    except SqlError as e:
        return e


def _judge(text: str) -> Statement:
    tree = parse(re.sub(r"\s+with\s+no\s+schema\s+binding\s*;?\s*$", "", text, flags=re.IGNORECASE))
    command = COMMANDS.get(tree.get_type())
    if command is None:
        raise unsupported(f'SQL command "{text.strip()}" not supported on Redshift tables.')
    for segment in tree.recursive_crawl_all():
        for refuse in REFUSALS.get(segment.get_type(), ()):
            refuse(segment)
    _refuse_on_the_leader_node(tree)
    correlation.refuse(tree)
    if command == "set" and (name := setting(tree)) in IGNORED_SETTINGS:
        command = "nothing"
    elif command == "set" and name not in SETTINGS:
        raise SqlError("42704", f'unrecognized configuration parameter "{name}"')
    tokens = tuple(leaf.raw for leaf in tree.raw_segments if leaf.is_code)
    return Statement(command, sql(tree), tokens, written_table(tree) if command in WRITING else "")


# Refusals, by the type of the segment that they look at.


def _refuse_function(segment: BaseSegment) -> None:
    name = next(children(segment, "function_name"))
    called = words(name)
    if called not in FUNCTIONS:
        raise SqlError("42883", f"function {called}() does not exist", "The stand-in has those of gate.FUNCTIONS.")
    for over in children(segment, "over_clause"):
        is_framed = any(below(over, "frame_clause"))
        if called in AGGREGATES and any(below(over, "orderby_clause")) and not is_framed:  # DG r_Window_functions
            raise SqlError("42601", "Aggregate window functions with an ORDER BY clause require a frame clause")


def _refuse_source(segment: BaseSegment) -> None:
    """DG c_unsupported-postgresql-features: table functions, and VALUES used as a table."""
    if any(children(segment, "function")):
        raise unsupported("Specified types or functions (one per INFO message) not supported on Redshift tables.")
    if any(children(segment, "values_clause")):
        raise unsupported("VALUES list used as constant table is not supported")


def _refuse_update(segment: BaseSegment) -> None:
    """DG r_UPDATE: no outer join in the FROM clause, save within a subquery."""
    for source in children(segment, "from_clause"):
        for join in source.recursive_crawl("join_clause", no_recursive_seg_type="select_statement"):
            if re.match(r"(natural )?(left|right|full)\b", words(join)):
                raise SqlError("XX000", "Target table must be part of an equijoin predicate")


def _refuse_merge(segment: BaseSegment) -> None:
    """DG r_MERGE: the source is a table."""
    if any(below(segment, "select_statement")) or len([*children(segment, "table_reference")]) < 2:
        raise unsupported("Source view/subquery in Merge statement is not supported.")


def _refuse_literal(segment: BaseSegment) -> None:
    if "\\" in segment.raw:
        raise unsupported("the stand-in takes no backslash in a literal: Redshift reads it as an escape")
    if segment.raw.startswith("$"):
        raise syntax_error("$")


def _refuse_words(pattern: str, message: str = "") -> Callable[[BaseSegment], None]:
    """Refuse a segment in whose words a pattern is found; without a message as a syntax error at that place."""

    def refuse(segment: BaseSegment) -> None:
        if found := re.search(pattern, words(segment)):
            raise unsupported(message) if message else syntax_error(found[0].split(" ")[0])

    return refuse


REFUSALS: dict[str, tuple[Callable[[BaseSegment], None], ...]] = {
    "function": (_refuse_function, _refuse_words(r"\bfilter \(")),
    "table_expression": (_refuse_source,),
    "update_statement": (_refuse_update, _refuse_words(r"\bset \(")),
    "merge_statement": (_refuse_merge,),
    "quoted_literal": (_refuse_literal,),
    "select_clause": (_refuse_words(r"^select distinct on \(", "SELECT DISTINCT ON is not supported"),),
    "from_clause": (_refuse_words(r"\blateral\b"), _refuse_words(r"\btablesample\b")),
    "expression": (_refuse_words(r"\bis (not )?distinct from\b"),),
    "array_accessor": (_refuse_words("", "Subscripted expressions are not supported"),),
    "typed_array_literal": (_refuse_words("", "ARRAY constructors are not supported"),),
    "array_type": (_refuse_words("", "ARRAY constructors are not supported"),),
    "for_clause": (_refuse_words("", "SELECT FOR UPDATE is not supported"),),
    "fetch_clause": (_refuse_words("^fetch"),),
    "common_table_expression": (_refuse_words(r"(?<=\( )(insert|update|delete) "),),
    "delete_statement": (_refuse_words("^delete from only"),),
    "truncate_table": (_refuse_words(","),),
    "transaction_statement": (_refuse_words(r"(?<=isolation level )(?!serializable)\w+"),),
}
"""What the grammar takes and Redshift does not; where no page is named, it is DG c_unsupported-postgresql-features."""


def _refuse_on_the_leader_node(tree: BaseSegment) -> None:
    """DG c_sql-functions-leader-node: CURRENT_SCHEMA and catalog tables do not go with tables of the compute nodes."""
    named = {words(query).split(" ")[0] for query in below(tree, "common_table_expression")}
    tables = {words(table) for table in below(tree, "table_reference")} - named
    catalog = {table for table in tables if table.startswith(("information_schema .", "pg_"))}
    calls = any(words(name) == "current_schema" for name in below(tree, "function_name"))
    if (catalog or calls) and tables - catalog:
        raise unsupported("Specified types or functions (one per INFO message) not supported on Redshift tables.")
