"""What the staging tables hold of the batch in hand: how many rows of which kind, and of which months."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property

from sparkify import extent, history
from sparkify.engines.engine import Engine
from sparkify.engines.staged import Staged
from sparkify.extent import Extent, Range
from sparkify.plan import Batch

CLOCK_SLACK = timedelta(days=1)
"""How much later than now an event may be before it counts as one from the future."""


@dataclass(frozen=True)
class Month:
    """The events of a batch in one month: how many, from when to when, and those of them that are from the future."""

    year: int
    events: int
    plays: int
    first: datetime
    last: datetime
    from_future: int
    first_from_future: datetime | None


@dataclass(frozen=True)
class StagedRows:
    """The rows of both staging tables, and the events by month, as they read with clean texts."""

    events: int
    songs: int
    months: tuple[Month, ...]

    @property
    def plays(self) -> int:
        """How many of the events are plays."""
        return sum(month.plays for month in self.months)

    @property
    def page_views(self) -> int:
        """How many of the events are page views."""
        return sum(month.events - month.plays for month in self.months)

    @cached_property
    def extent(self) -> Extent:
        """When the events happened."""
        return extent.around(Range(month.first, month.last) for month in self.months)

    def counted(self, batch: Batch, staged: Staged, forgotten: int, before: Mapping[str, int]) -> Counter[str]:
        """How many rows are staged, and were there `before` the merge, as the steps of the transform need them.

        `forgotten` says how many events were taken out again, because their users were forgotten.
        """
        return Counter(
            {
                "good events": staged.rows(batch.events),
                "good songs": staged.rows(batch.songs),
                "staged events": self.events,
                "events of forgotten users": forgotten,
                "staged songs": self.songs,
                "staged plays": self.plays,
                "staged page views": self.page_views,
                "objects of songs": len(batch.songs),
                **before,
            }
        )


def read(engine: Engine) -> StagedRows:
    """Count what is staged."""
    latest = datetime.now(UTC).replace(tzinfo=None) + CLOCK_SLACK
    events, songs, months = 0, 0, []
    for year, _, *counts, staged_songs in history.query(engine, "staged_rows", {"latest": latest}):
        if year is None:
            events, songs = counts[0], staged_songs
        else:
            months.append(Month(year, *counts))
    return StagedRows(events, songs, tuple(sorted(months, key=lambda each: each.first)))
