"""The ranges of time that bound a merge: all its events lie in them, and the widest gaps between days do not."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from harness.records import event, lines, song
from harness.warehouse import Sparkify
from sparkify import sql_queries, staged_rows
from sparkify.engines.engine import Engine
from sparkify.extent import BOUND, Range
from sparkify.staged_rows import StagedRows

ON_BOTH = pytest.mark.parametrize("sparkify", ["duckdb", "redshift"], indirect=True)

DAY = 86_400_000


@ON_BOTH
@pytest.mark.parametrize(
    ("days", "ranges"),
    [
        ([17_000], [(17_000, 17_000)]),
        ([17_000, 17_001, 17_002, 17_003], [(17_000, 17_003)]),
        ([17_000, 17_029], [(17_000, 17_000), (17_029, 17_029)]),
        (
            [-719_162, 0, 16_955, 17_000, 17_001, 26_000],
            [(-719_162, -719_162), (0, 0), (16_955, 17_001), (26_000, 26_000)],
        ),
        ([0, 10, 120, 131, 250, 400], [(0, 10), (120, 131), (250, 250), (400, 400)]),
    ],
)
def test_the_widest_gaps_between_days_with_events_are_left_out(
    days: list[int], ranges: list[tuple[int, int]], sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: list[StagedRows] = []
    read = staged_rows.read

    def noted(engine: Engine, *, divided: bool) -> StagedRows:
        found.append(read(engine, divided=divided))
        return found[-1]

    monkeypatch.setattr(staged_rows, "read", noted)
    sparkify.put("song_data/a.json", lines([song()]))
    sparkify.loaded()
    sparkify.put("log_data/a.json", lines(event(ts=day * DAY) for day in days))
    sparkify.loaded()
    assert found[-1].extent.ranges == tuple(Range(*map(moment, each)) for each in ranges)


def moment(day: int) -> datetime:
    """The beginning of a day that is counted from 1970."""
    return datetime(1970, 1, 1) + timedelta(day)


@pytest.mark.parametrize("folder", ["transform", "checks", "history"])
def test_every_statement_that_names_the_first_event_is_bound(folder: str) -> None:
    for name in sql_queries.names(folder):
        for statement in sql_queries.statements(folder, name):
            named = [statement.count(f"${moment}_event") for moment in ("first", "last")]
            assert named == [len(BOUND.findall(statement))] * 2, name
