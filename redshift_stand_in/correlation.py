"""The correlated subqueries that Redshift cannot unravel (DG r_correlated_subqueries).

A column counts as the outer query's when it is written with the name of one of that query's tables. A column without a
table's name is not looked up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sqlfluff.core.parser import BaseSegment

from redshift_stand_in.syntax import children, words
from redshift_stand_in.wire import SqlError

QUERIES = ("select_statement", "update_statement", "delete_statement")

MESSAGE = "This type of correlated subquery pattern is not supported due to internal error"


@dataclass(frozen=True)
class _Position:
    """The position of a segment within the queries around it."""

    scopes: tuple[frozenset[str], ...] = ()
    """The names of the tables of each query around it, the outermost first."""
    is_in_or: bool = False
    is_in_join: bool = False
    is_in_grouped_list: bool = False
    """In the select list of a query that groups."""


def refuse(tree: BaseSegment) -> None:
    """Raise SqlError if a statement holds one."""
    _walk(tree, _Position())


def _walk(segment: BaseSegment, position: _Position) -> None:
    if segment.is_type(*QUERIES):
        _check_query(segment, position)
        position = _Position((*position.scopes, _tables(segment)))
    is_or = segment.is_type("expression") and any(words(o) == "or" for o in children(segment, "binary_operator"))
    if is_or:
        position = replace(position, is_in_or=True)
    if segment.is_type("join_on_condition"):
        position = replace(position, is_in_join=True)
    for part in segment.segments:
        inner = position
        if part.is_type("select_clause") and any(children(segment, "groupby_clause")):
            inner = replace(position, is_in_grouped_list=True)
        _walk(part, inner)


def _check_query(query: BaseSegment, position: _Position) -> None:
    own_tables = _tables(query)
    columns = [words(column).split(" . ") for column in _own(query, "column_reference")]
    used = {parts[-2] for parts in columns if len(parts) > 1} - own_tables
    outer_tables = frozenset[str]().union(*position.scopes)
    if not used & outer_tables:
        return
    skips_a_level = not used & outer_tables <= position.scopes[-1]
    is_misplaced = position.is_in_or or position.is_in_join or position.is_in_grouped_list
    if skips_a_level or is_misplaced or _aggregates(query):
        raise SqlError("XX000", MESSAGE)


def _aggregates(query: BaseSegment) -> bool:
    """Whether a query has a window function, or groups and aggregates by more than MIN and MAX."""
    if any(_own(query, "over_clause")):
        return True
    called = {words(name) for name in _own(query, "function_name")}
    return any(children(query, "groupby_clause")) and bool(called & {"count", "sum", "avg"})


def _own(query: BaseSegment, kind: str) -> Iterator[BaseSegment]:
    """The segments of a type in a query, without those of its subqueries."""
    for part in query.segments:
        if part.is_type(kind):
            yield part
        if not part.is_type(*QUERIES):
            yield from _own(part, kind)


def _tables(query: BaseSegment) -> frozenset[str]:
    """The names, or aliases, of the tables that a query reads or writes."""
    names = {words(table).split(" . ")[-1] for table in children(query, "table_reference")}
    for source in _own(query, "from_expression_element"):
        alias = next(children(source, "alias_expression"), None)
        names.add(words(alias).removeprefix("as ").split(" ")[0] if alias else words(source).split(" . ")[-1])
    return frozenset(names)
