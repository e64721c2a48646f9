"""What is suspicious about a batch though it can be loaded: a person is warned, and the load goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from sparkify import history
from sparkify.engines.engine import Engine
from sparkify.errors import ObjectChangedError
from sparkify.history import LoadedObjects
from sparkify.plan import Batch
from sparkify.staged_rows import Year
from sparkify.words import counted

SHOWN = 5
"""Objects that are named where many are alike."""

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
        for name, count, former in shorter
    ]
    return first(warnings, lambda more: f"{counted(more, 'more log')} became shorter in the same way")


def left_out(changed: Iterable[ObjectChangedError]) -> list[str]:
    """A warning for each of the first objects that are not loaded, and one that counts the others."""

    def rest(more: int) -> str:
        verbs = "is not loaded and stays" if more == 1 else "are not loaded and stay"
        return f"{counted(more, 'more object')} {verbs} new"

    return first([f"{error}; it is not loaded and stays new for the next run" for error in changed], rest)


def first(texts: Sequence[str], rest: Callable[[int], str]) -> list[str]:
    """The first of many texts, each about an object; `rest` says how many more there are."""
    more = len(texts) - SHOWN
    return [*texts[:SHOWN], rest(more)] if more > 0 else [*texts]


def odd_times(batch: Batch, years: Sequence[Year]) -> list[str]:
    """A warning for the events of the batch that lie years away from the others, or in the future."""
    if not years:
        return []
    middle = _middle_year(years)
    seconds = [year for year in years if year.year == YEAR_OF_SECONDS]
    future = [year for year in years if year.from_future]
    far = [
        year
        for year in years
        if abs(year.year - middle) > MOST_YEARS_APART and year not in seconds and year not in future
    ]
    fix = "`ts` must be in milliseconds since 1970"
    return [
        *_warning(batch, seconds, f"as if `ts` were in seconds; {fix}"),
        *_warning(batch, far, f"over {MOST_YEARS_APART} years away from the bulk of the batch, in {middle}; {fix}"),
        *_warning(batch, future, "later than now; look at the clock that set `ts`, which must be in milliseconds"),
    ]


def _middle_year(years: Sequence[Year]) -> int:
    """The year of the middle event; of two in the middle the later one."""
    rest = sum(year.events for year in years) // 2
    for year in years:
        if rest < year.events:
            return year.year
        rest -= year.events
    return years[-1].year


def _warning(batch: Batch, years: Iterable[Year], what: str) -> list[str]:
    years = list(years)
    if not years:
        return []
    count = sum(year.from_future or year.events for year in years)
    first, last = min(year.first_from_future or year.first for year in years), max(year.last for year in years)
    where = batch.events[0].name if len(batch.events) == 1 else f"batch {batch.number}"
    times = f"{first:%Y-%m-%d %H:%M:%S}" if first == last else f"{first:%Y-%m-%d %H:%M:%S} to {last:%Y-%m-%d %H:%M:%S}"
    return [f"{where}: {counted(count, 'event')} of {times} UTC, {what}; loaded as delivered"]
