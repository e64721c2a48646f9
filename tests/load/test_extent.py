"""The ranges of time that bound a merge: none of its events lies outside, and wide gaps do."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sparkify import sql_queries
from sparkify.extent import BOUND, FAR, MOST_RANGES, Extent, Range, around

DAY = datetime(2018, 11, 1)
DAYS = st.lists(st.integers(0, 3_000), unique=True)


def on(*days: int) -> list[Range]:
    """A range of an hour on each of some days."""
    return [Range(DAY + timedelta(day), DAY + timedelta(day, hours=1)) for day in days]


def lengths(extent: Extent) -> list[timedelta]:
    return [each.last - each.first for each in extent.ranges]


@given(days=DAYS)
def test_every_event_lies_in_one_of_few_ranges_that_are_far_apart(days: list[int]) -> None:
    ranges = around(on(*days)).ranges
    assert 1 <= len(ranges) <= MOST_RANGES
    assert all(after.first - before.last > FAR for before, after in pairwise(ranges))
    for event in on(*days):
        assert sum(each.first <= event.first and event.last <= each.last for each in ranges) == 1


def test_a_late_log_and_wrong_clocks_do_not_widen_the_range_of_a_day() -> None:
    late_and_wrong = on(-17_000, -45, 0, 1, 9_000)
    assert around(late_and_wrong).ranges == (*on(-17_000, -45), Range(DAY, DAY + timedelta(1, hours=1)), *on(9_000))


def test_the_widest_gaps_are_left_out() -> None:
    hour = timedelta(hours=1)
    assert lengths(around(on(0, 10, 120, 131, 250, 400))) == [
        10 * timedelta(1) + hour,
        11 * timedelta(1) + hour,
        hour,
        hour,
    ]


def test_days_without_a_wide_gap_are_one_range() -> None:
    assert len(around(on(*range(0, 90, 7))).ranges) == 1


@pytest.mark.parametrize("folder", ["transform", "checks", "history"])
def test_every_statement_that_names_the_first_event_is_bound(folder: str) -> None:
    for name in sql_queries.names(folder):
        for statement in sql_queries.statements(folder, name):
            named = [statement.count(f"${moment}_event") for moment in ("first", "last")]
            assert named == [len(BOUND.findall(statement))] * 2, name
