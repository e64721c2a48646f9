"""What is suspicious about a batch though it can be loaded: a person is warned, and the load goes on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sparkify import history
from sparkify.engines.engine import Engine
from sparkify.history import LoadedObjects
from sparkify.plan import Batch
from sparkify.staged_rows import Month
from sparkify.words import counted

SHOWN = 5
"""Logs that are named of those that became shorter."""

MOST_YEARS_APART = 5
"""Years between an event and the middle one of its batch, from which on the event is suspicious."""

YEAR_OF_SECONDS = 1970
"""Where an event falls whose time, in seconds since 1970, is read as milliseconds."""


def shorter_logs(engine: Engine, batch: Batch, loaded: LoadedObjects) -> list[str]:
    """A warning for each of the first logs of the batch that were delivered before with more records."""
    if not loaded.has_former_logs(batch):
        return []
    shorter = history.query(engine, "shorter_logs")
    warnings = [
        f"{name}: delivered again with {counted(count, 'record')}, and with {former:,} before; events do not "
        f"retract, so what it held before stays loaded"
        for name, count, former in shorter[:SHOWN]
    ]
    more = len(shorter) - SHOWN
    return [*warnings, f"{counted(more, 'more log')} became shorter in the same way"] if more > 0 else warnings


def odd_times(batch: Batch, months: Sequence[Month]) -> list[str]:
    """A warning for the events of the batch that lie years away from the others, or in the future."""
    if not months:
        return []
    middle = _middle_year(months)
    seconds = [month for month in months if month.year == YEAR_OF_SECONDS]
    future = [month for month in months if month.from_future]
    far = [
        month
        for month in months
        if abs(month.year - middle) > MOST_YEARS_APART and month not in seconds and month not in future
    ]
    fix = "`ts` must be in milliseconds since 1970"
    return [
        *_warning(batch, seconds, f"as if `ts` were in seconds; {fix}"),
        *_warning(batch, far, f"over {MOST_YEARS_APART} years away from the bulk of the batch, in {middle}; {fix}"),
        *_warning(batch, future, "later than now; look at the clock that set `ts`, which must be in milliseconds"),
    ]


def _middle_year(months: Sequence[Month]) -> int:
    """The year of the middle event; of two in the middle the later one."""
    rest = sum(month.events for month in months) // 2
    for month in months:
        if rest < month.events:
            return month.year
        rest -= month.events
    return months[-1].year


def _warning(batch: Batch, months: Iterable[Month], what: str) -> list[str]:
    months = list(months)
    if not months:
        return []
    count = sum(month.from_future or month.events for month in months)
    first = min(month.first_from_future or month.first for month in months)
    last = max(month.last for month in months)
    where = batch.events[0].name if len(batch.events) == 1 else f"batch {batch.number}"
    times = f"{first:%Y-%m-%d %H:%M:%S}" if first == last else f"{first:%Y-%m-%d %H:%M:%S} to {last:%Y-%m-%d %H:%M:%S}"
    return [f"{where}: {counted(count, 'event')} of {times} UTC, {what}; loaded as delivered"]
