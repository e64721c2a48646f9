"""The correlated subqueries that Redshift cannot unravel (DG r_correlated_subqueries).

A column counts as the outer query's when it is written with the name of one of that query's tables; what a column
without a table's name means is not looked up.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from sqlfluff.core.parser import BaseSegment

from redshift_stand_in.syntax import children, words
from redshift_stand_in.wire import SqlError

QUERIES = ("select_statement", "update_statement", "delete_statement")

REFUSED = "This type of correlated subquery pattern is not supported due to internal error"


@dataclass(frozen=True)
class _Place:
    """Where in the queries around it a segment stands."""

    scopes: tuple[frozenset[str], ...] = ()
    """What each query around calls its tables, the outermost first."""
    is_in_or: bool = False
    is_in_join: bool = False
    is_in_list: bool = False
    """In the select list of a query that groups."""


def refuse(tree: BaseSegment) -> None:
    """Raises SqlError where a statement holds one."""
    _walk(tree, _Place())


def _walk(segment: BaseSegment, place: _Place) -> None:
    if segment.is_type(*QUERIES):
        _refuse_query(segment, place)
        place = _Place((*place.scopes, _names(segment)))
    is_or = segment.is_type("expression") and any(words(o) == "or" for o in children(segment, "binary_operator"))
    if is_or:
        place = replace(place, is_in_or=True)
    if segment.is_type("join_on_condition"):
        place = replace(place, is_in_join=True)
    for part in segment.segments:
        inner = place
        if part.is_type("select_clause") and any(children(segment, "groupby_clause")):
            inner = replace(place, is_in_list=True)
        _walk(part, inner)


def _refuse_query(query: BaseSegment, place: _Place) -> None:
    mine = _names(query)
    columns = [words(column).split(" . ") for column in _own(query, "column_reference")]
    used = {parts[-2] for parts in columns if len(parts) > 1} - mine
    around = frozenset[str]().union(*place.scopes)
    if not used & around:
        return
    skips = not used & around <= place.scopes[-1]
    if skips or place.is_in_or or place.is_in_join or place.is_in_list or _is_too_rich(query):
        raise SqlError("XX000", REFUSED)


def _is_too_rich(query: BaseSegment) -> bool:
    """Whether a correlated query has a window function, or groups and aggregates by more than MIN and MAX."""
    if any(_own(query, "over_clause")):
        return True
    called = {words(name) for name in _own(query, "function_name")}
    return any(children(query, "groupby_clause")) and bool(called & {"count", "sum", "avg"})


def _own(query: BaseSegment, kind: str) -> Iterator[BaseSegment]:
    """The segments of a kind in a query, not in its subqueries."""
    for part in query.segments:
        if part.is_type(kind):
            yield part
        if not part.is_type(*QUERIES):
            yield from _own(part, kind)


def _names(query: BaseSegment) -> frozenset[str]:
    """What a query calls the tables that it reads or writes."""
    names = {words(table).split(" . ")[-1] for table in children(query, "table_reference")}
    for source in _own(query, "from_expression_element"):
        alias = next(children(source, "alias_expression"), None)
        names.add(words(alias).removeprefix("as ").split(" ")[0] if alias else words(source).split(" . ")[-1])
    return frozenset(names)
