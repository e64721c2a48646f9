"""The gate: a statement must pass the grammar and a list of refusals before it reaches PostgreSQL.

The grammar is sqlfluff's redshift dialect. A refusal is for a form that the grammar takes and Redshift does not, and
names the page that says so: DG is the Database Developer Guide, docs.aws.amazon.com/redshift/latest/dg.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import lru_cache

from sqlfluff.core.parser import BaseSegment

from redshift_stand_in import correlation, cursors, functions, unload_request
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

CATALOG = ("information_schema .", "pg_", "svv_table_info", "svv_transactions")
"""The beginnings of the names of tables that only the leader node has."""

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
    for segment in tree.recursive_crawl_all():
        for refuse in REFUSALS.get(segment.get_type(), ()):
            refuse(segment)
    _refuse_mixed_nodes(tree)
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
    if any(words(table).startswith(CATALOG) for table in below(tree, "table_reference")):
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


# Refusals: each raises SqlError if it finds its form in a segment.


def _refuse_source(segment: BaseSegment) -> None:
    """DG c_unsupported-postgresql-features: table functions, and VALUES used as a table."""
    if any(children(segment, "function")):
        raise unsupported("Specified types or functions (one per INFO message) not supported on Redshift tables.")
    if any(children(segment, "values_clause")):
        raise unsupported("VALUES list used as constant table is not supported")


def _refuse_schema_of_temporary(segment: BaseSegment) -> None:
    """DG r_CREATE_TABLE_NEW: a temporary table is in a schema of its session, which cannot be named."""
    if re.match(r"create (local )?temp(orary)? table (if not exists )?\S+ \.", words(segment)):
        raise SqlError("42P16", "temporary tables may not specify a schema name")


def _refuse_schema_of_session(segment: BaseSegment) -> None:
    """`pg_temp` is PostgreSQL's name for that schema, from 8.3 on; Redshift began as 8.0."""
    if words(segment).startswith("pg_temp ."):
        raise SqlError("3F000", 'schema "pg_temp" does not exist')


def _refuse_create_table_as(segment: BaseSegment) -> None:
    """DG r_CREATE_TABLE_AS: the rows of a query, and no encodings."""
    if any(children(segment, "values_clause")):
        raise syntax_error("values")
    if any("encode" in words(attributes).split() for attributes in children(segment, "table_constraint")):
        raise syntax_error("encode")


def _refuse_update(segment: BaseSegment) -> None:
    """DG r_UPDATE: no outer join in the FROM clause, except within a subquery."""
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
    """A refusal of every segment whose words match a pattern; without a message it is a syntax error there."""

    def refuse(segment: BaseSegment) -> None:
        if match := re.search(pattern, words(segment)):
            raise unsupported(message) if message else syntax_error(match[0].split(" ")[0])

    return refuse


REFUSALS: dict[str, tuple[Callable[[BaseSegment], None], ...]] = {
    "function": (functions.refuse, _refuse_words(r"\bfilter \(")),
    "table_expression": (_refuse_source,),
    "create_table_statement": (_refuse_schema_of_temporary,),
    "create_table_as_statement": (_refuse_schema_of_temporary, _refuse_create_table_as),
    "table_reference": (_refuse_schema_of_session,),
    "object_reference": (_refuse_schema_of_session,),
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
    # DG r_ALTER_TABLE: a column a statement, and no NOT NULL for rows that are there. More of it the stand-in lacks.
    "alter_table_action_segment": (_refuse_words("^(?!add )"), _refuse_words(r"\bnot null$|^add (column )?if\b")),
    "alter_table_statement": (_refuse_words(","),),
    "comment_clause": (_refuse_words(r"(?<=^comment on )(?!table|column|view|database)\w+"),),
    "declare_statement": (cursors.refuse_values,),
    "fetch_statement": (cursors.refuse_many_rows,),
    "frame_clause": (_refuse_words(r"^(range|groups)\b"), _refuse_words(r"\bexclude\b")),
    "named_window": (_refuse_words("^window"),),
}
"""The refusals, by the type of a segment; a form without a page is in DG c_unsupported-postgresql-features."""


def _refuse_mixed_nodes(tree: BaseSegment) -> None:
    """DG c_sql-functions-leader-node: catalog tables and some functions do not go with tables of the compute nodes.

    Other functions need such a table.
    """
    subqueries = {words(query).split(" ")[0] for query in below(tree, "common_table_expression")}
    tables = {words(table) for table in below(tree, "table_reference")} - subqueries
    catalog = {table for table in tables if table.startswith(CATALOG)}
    called = {words(name) for name in below(tree, "function_name")}
    uses_compute_nodes = bool(tables - catalog) or tree.is_type("create_table_as_statement")
    if (catalog or called & functions.LEADER_ONLY) and uses_compute_nodes:
        raise unsupported("Specified types or functions (one per INFO message) not supported on Redshift tables.")
    if called & functions.COMPUTE_ONLY and not tables - catalog:
        raise unsupported(
            "One or more of the used functions must be applied on at least one user created tables. "
            "Examples of user table only functions are LISTAGG, MEDIAN, PERCENTILE_CONT, etc"
        )
