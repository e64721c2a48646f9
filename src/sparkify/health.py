"""The health of a warehouse: what arrived when, what it holds, how the last runs ended, whether a day lacks plays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sparkify import history, questions
from sparkify.engines.engine import Engine
from sparkify.output import without_credentials

SHOWN_RUNS = 5
"""How many of the last runs belong to the health."""

CLOCK_SLACK = timedelta(hours=1)
"""How much later than now a load may be dated before the clock that dated it counts as wrong."""

USUAL_WEEKS = 4
"""Weeks before a day whose same weekdays say how many plays are usual for it."""

FEWEST_USUAL_PLAYS = 10
"""Plays that must be usual for a day before too few of them are a reason to warn."""

POOR_SHARE = 0.5
"""The share of the usual plays below which a day has too few."""

COUNTED_TABLES = (
    "songplays",
    "page_views",
    "users",
    "songs",
    "artists",
    "time",
    "catalogue",
    "load_history",
    "rejected_records",
    "forgotten_users",
    "runs",
)
"""The tables whose rows are counted; the others hold rows of the last batch only."""


@dataclass(frozen=True)
class Arrival:
    """When objects of a kind were loaded last.

    `from_future` counts the objects that a wrong clock dates later than now. They are left out of `at`, unless there
    are no others: then `is_dated` is false.
    """

    at: datetime
    from_future: int
    is_dated: bool


@dataclass(frozen=True)
class LastDay:
    """The plays of the last whole day with logs, and the mean of the same weekday in the four weeks before.

    `usual` is None where the warehouse does not reach four weeks back.
    """

    day: date
    plays: int
    usual: float | None

    @property
    def is_poor(self) -> bool:
        """Whether the day has so few plays that logs are probably missing."""
        return self.usual is not None and self.usual >= FEWEST_USUAL_PLAYS and self.plays < POOR_SHARE * self.usual


@dataclass(frozen=True)
class Health:
    """A warehouse at a moment. Times are in UTC, `size` is in bytes or None where the login may not know it.

    `arrived` has the kinds `songs` and `events`, those that ever arrived. `runs` are the last ones, the newest first;
    `ended` is the last run that ended, done or failed. `songs_gone` counts the loaded song objects that the bucket no
    longer held when it was listed last.
    """

    warehouse: str
    now: datetime
    arrived: Mapping[str, Arrival]
    last_play: datetime | None
    tables: Mapping[str, int]
    runs: list[dict[str, Any]]
    ended: Mapping[str, Any] | None
    songs_gone: int
    last_day: LastDay | None
    size: int | None

    @property
    def age(self) -> timedelta | None:
        """How long ago the last logs were loaded; None when that is not known, or none ever were."""
        logs = self.arrived.get("events")
        return self.now - logs.at if logs and logs.is_dated else None


def examine(engine: Engine, now: datetime) -> Health:
    """The health of a warehouse, all of one moment except its size."""
    size = engine.size()
    with engine.snapshot():
        chosen = questions.Filter(most=SHOWN_RUNS)
        [extent] = _rows(engine, "extent", chosen)
        return Health(
            warehouse=engine.address,
            now=now,
            arrived=_arrivals(engine, now),
            last_play=extent["last_play"],
            tables={table: engine.query(f'select count(*) from "{table}"')[0][0] for table in COUNTED_TABLES},
            runs=[_without_credentials(run) for run in _rows(engine, "last_runs", chosen)],
            ended=_last_ended_run(engine),
            songs_gone=_songs_gone(engine),
            last_day=_last_day(engine, now, extent["first_play"]),
            size=size,
        )


def _arrivals(engine: Engine, now: datetime) -> dict[str, Arrival]:
    rows = history.query(engine, "arrivals", {"latest": now + CLOCK_SLACK})
    return {
        kind: Arrival(at=last_dated or last, from_future=from_future, is_dated=last_dated is not None)
        for kind, last, last_dated, from_future in rows
    }


def _last_ended_run(engine: Engine) -> dict[str, Any] | None:
    rows = history.query(engine, "last_ended_run")
    return _without_credentials(dict(zip(("run_id", "status", "error"), rows[0], strict=True))) if rows else None


def _songs_gone(engine: Engine) -> int:
    rows = history.query(engine, "songs_gone")
    return int(rows[0][0]) if rows else 0


def _last_day(engine: Engine, now: datetime, first_play: datetime | None) -> LastDay | None:
    """The last day before today with logs; None when there is none."""
    [(last_event,)] = history.query(engine, "last_event", {"before": datetime.combine(now.date(), time())})
    if last_event is None or first_play is None or last_event < datetime.min + timedelta(weeks=USUAL_WEEKS + 1):
        return None
    day = last_event.date()
    weekdays = [day - timedelta(weeks=n) for n in range(1, USUAL_WEEKS + 1)]
    period = {
        "from_time": datetime.combine(weekdays[-1], time()),
        "to_time": datetime.combine(day + timedelta(days=1), time()),
    }
    plays: dict[date, int] = dict(history.query(engine, "plays_by_day", period))
    reaches_back = first_play < period["from_time"] + timedelta(days=1)
    usual = sum(plays.get(weekday, 0) for weekday in weekdays) / USUAL_WEEKS
    return LastDay(day, plays.get(day, 0), usual if reaches_back else None)


def _rows(engine: Engine, name: str, chosen: questions.Filter) -> list[dict[str, Any]]:
    """The answer to a question, each row by the names of its columns."""
    answer = questions.ask(engine, questions.find(name), chosen)
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]


def _without_credentials(run: dict[str, Any]) -> dict[str, Any]:
    return run | {"error": run["error"] and without_credentials(run["error"])}
