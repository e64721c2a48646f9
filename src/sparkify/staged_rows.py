"""What the staging tables hold of the batch in hand: how many rows of which kind, and of when."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sparkify import history
from sparkify.engines.engine import Engine
from sparkify.engines.staged import Staged
from sparkify.extent import NEVER, Extent, between
from sparkify.plan import Batch

CLOCK_SLACK = timedelta(days=1)
"""How much later than now an event may be before it counts as one from the future."""


SHORT = timedelta(days=2)
"""How long an extent is that need not be divided."""


@dataclass(frozen=True)
class Year:
    """The events of a batch in one year: how many, from when to when, and those of them that are from the future."""

    year: int
    events: int
    plays: int
    first: datetime
    last: datetime
    from_future: int
    first_from_future: datetime | None


@dataclass(frozen=True)
class StagedRows:
    """The rows of both staging tables, the events by year, as they read with clean texts, and when they happened."""

    events: int
    songs: int
    years: tuple[Year, ...]
    extent: Extent

    @property
    def plays(self) -> int:
        """How many of the events are plays."""
        return sum(year.plays for year in self.years)

    @property
    def page_views(self) -> int:
        """How many of the events are page views."""
        return sum(year.events - year.plays for year in self.years)

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


def read(engine: Engine, *, divided: bool = True) -> StagedRows:
    """Count what is staged. The extent need not be `divided` where nothing reads it, or nothing is loaded."""
    latest = datetime.now(UTC).replace(tzinfo=None) + CLOCK_SLACK
    events, songs, years = 0, 0, []
    for year, *counts, staged_songs in history.query(engine, "staged_rows", {"latest": latest}):
        if year is None:
            events, songs = counts[0], staged_songs
        else:
            years.append(Year(year, *counts))
    years.sort(key=lambda each: each.year)
    return StagedRows(events, songs, tuple(years), _extent(engine, years, divided))


def _extent(engine: Engine, years: Sequence[Year], divided: bool) -> Extent:
    """When the events happened."""
    if not years:
        return NEVER
    first, last = years[0].first, years[-1].last
    gaps = history.query(engine, "staged_gaps") if divided and last - first > SHORT else []
    return between(first, last, ((before, after) for before, after in gaps))
