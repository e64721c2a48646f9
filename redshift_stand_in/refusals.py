"""What the grammar takes and Redshift does not. A refusal names the page that says so.

DG is the Database Developer Guide, docs.aws.amazon.com/redshift/latest/dg.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from sqlfluff.core.parser import BaseSegment

from redshift_stand_in import cursors, functions
from redshift_stand_in.syntax import below, children, syntax_error, unsupported, words
from redshift_stand_in.wire import SqlError

CATALOG = ("information_schema .", "pg_", "svv_table_info", "svv_transactions")
"""The beginnings of the names of tables that only the leader node has."""


def refuse(tree: BaseSegment) -> None:
    """Look for every form that is refused.

    Raises:
        SqlError: one is there.
    """
    for segment in tree.recursive_crawl_all():
        for refuse_form in REFUSALS.get(segment.get_type(), ()):
            refuse_form(segment)
    _refuse_mixed_nodes(tree)


# Each of these raises SqlError if it finds its form in a segment.


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
