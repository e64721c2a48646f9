"""Rows of tables, and what two sets of tables differ in."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

Row = tuple[Any, ...]


def assert_is(found: Mapping[str, Sequence[Row]], expected: Mapping[str, Sequence[Row]]) -> None:
    """Fail with the rows of the first table that is not as expected."""
    for table, rows in expected.items():
        wanted, there = Counter(rows), Counter(found[table])
        missing, unexpected = [*(wanted - there).elements()], [*(there - wanted).elements()]
        assert not missing, f"{table} lacks {missing[:3]} and has {unexpected[:3]} instead"
        assert not unexpected, f"{table} has {unexpected[:3]} that must not be there, or not twice"
