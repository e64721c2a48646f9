"""How the warehouse is: what arrived when, what it holds, how the last runs went, what waits to be repaired."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sparkify import history, questions
from sparkify.engines.engine import Engine
from sparkify.errors import CheckError
from sparkify.output import as_json, without_credentials
from sparkify.words import counted, cut, size_in_words

SHOWN_RUNS = 5
"""Runs that are shown, the last ones."""

SHOWN_REASON = 200
"""Characters of the reason why a run failed that are shown."""

CLOCK_SLACK = timedelta(hours=1)
"""How much later than now a load may be dated before the clock that dated it counts as wrong."""

USUAL_WEEKS = 4
"""Weeks before a day whose same weekdays say what is usual for it."""

FEWEST_USUAL_PLAYS = 10
"""Plays that must be usual for a day before too few of them are a reason to warn."""

POOR_SHARE = 0.5
"""The share of the usual plays below which a day has too few."""

COUNTED = (
    "songplays",
    "users",
    "songs",
    "artists",
    "time",
    "staging_songs",
    "load_history",
    "rejected_records",
    "runs",
)
"""The tables whose rows are counted; the others describe the batch in hand."""


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
class Night:
    """The plays of the last whole day with logs, and the mean of the same weekday in the four weeks before.

    `usual` is None where the warehouse does not reach four weeks back.
    """

    day: date
    plays: int
    usual: float | None

    @property
    def is_poor(self) -> bool:
        """Whether so few plays came that logs are probably missing."""
        return self.usual is not None and self.usual >= FEWEST_USUAL_PLAYS and self.plays < POOR_SHARE * self.usual


@dataclass(frozen=True)
class Status:
    """The health of a warehouse at a moment. Times are in UTC, `size` is in bytes or None where the login may not know.

    `runs` are the last ones, the newest first; `ended` is the last run that ended, in whatever way.
    """

    warehouse: str
    now: datetime
    arrived: Mapping[str, Arrival]
    last_play: datetime | None
    tables: Mapping[str, int]
    runs: list[dict[str, Any]]
    ended: Mapping[str, Any] | None
    night: Night | None
    size: int | None

    @property
    def age(self) -> timedelta | None:
        """How long ago the last logs were loaded; None when that is not known, or none ever were."""
        logs = self.arrived.get("events")
        return self.now - logs.at if logs and logs.is_dated else None

    def warnings(self) -> list[str]:
        """What a person should look at, though it is no reason to end with another exit code than 0."""
        warnings = [
            f"{counted(arrival.from_future, 'object')} of {kind}: loaded by a clock that was wrong, at a time "
            f"later than now, and left out of what --max-age compares"
            for kind, arrival in sorted(self.arrived.items())
            if arrival.from_future
        ]
        if self.night and self.night.is_poor:
            warnings.append(
                f"{self.night.day} has {counted(self.night.plays, 'play')}, and the same weekday of the four weeks "
                f"before had {self.night.usual:,.0f} on average; look whether logs of that day are missing"
            )
        return warnings

    def fault(self, max_age: timedelta | None, *, allow_failed_run: bool) -> CheckError | None:
        """Why the warehouse is not as a monitor wants it; None when it is.

        It is not when the last run that ended has failed or was killed, or when the last logs are older than `max_age`.
        """
        reasons = [] if allow_failed_run else self._failed_run()
        reasons += [] if max_age is None else self._late(max_age)
        return CheckError(*reasons) if reasons else None

    def _failed_run(self) -> list[str]:
        if self.ended is None or self.ended["status"] == "done":
            return []
        how = _how_it_failed(self.ended)
        fix = "run etl again, which goes on from there (--allow-failed-run leaves this out)"
        return [f"{self.warehouse}: the last run that ended is run {self.ended['run_id']}, which {how}; {fix}"]

    def _late(self, limit: timedelta) -> list[str]:
        if self.age is not None and self.age <= limit:
            return []
        logs = self.arrived.get("events")
        if logs is None:
            late = "logs never arrived"
        elif self.age is None:
            late = f"logs were loaded at {logs.at:%Y-%m-%d %H:%M:%S} UTC, which is later than now: a clock was wrong"
        else:
            late = f"logs arrived {duration(self.age)} ago"
        fix = "look at the last runs above, and whether new logs come into the bucket"
        return [f"{self.warehouse}: {late}, and --max-age allows {duration(limit)}; {fix}"]

    def fields(self) -> dict[str, Any]:
        """The fields of the JSON object; more may be added, none changes its meaning within a version."""
        return {
            "warehouse": self.warehouse,
            "now": self.now.isoformat(),
            "last_arrival": {kind: arrival.at.isoformat() for kind, arrival in sorted(self.arrived.items())},
            "age_seconds": None if self.age is None else round(self.age.total_seconds(), 3),
            "last_play": self.last_play and self.last_play.isoformat(),
            "tables": dict(self.tables),
            "rejected": self.tables["rejected_records"],
            "runs": [{name: as_json(value) for name, value in run.items()} for run in self.runs],
            "bytes": self.size,
        }

    def lines(self) -> list[str]:
        """A short table, and a line for each of the last runs."""
        rejected = self.tables["rejected_records"]
        rows = [
            ("warehouse", f"{self.warehouse}, {size_in_words(self.size) if self.size is not None else 'size unknown'}"),
            ("logs", self._arrival("events")),
            ("songs", self._arrival("songs")),
            ("last play", f"{self.last_play:%Y-%m-%d %H:%M:%S} UTC" if self.last_play else "none"),
            ("rejected", f"{counted(rejected, 'record')}; `sparkify rejected` lists them" if rejected else "none"),
            *((table, f"{count:,} rows") for table, count in self.tables.items()),
        ]
        runs = [_run_in_words(run) for run in self.runs]
        return [*(f"{name:<16}  {text}" for name, text in rows), "", *(runs or ["no runs yet"])]

    def _arrival(self, kind: str) -> str:
        if kind not in self.arrived:
            return "none arrived yet"
        arrival = self.arrived[kind]
        age = f"{duration(self.now - arrival.at)} ago" if arrival.is_dated else "which is later than now"
        return f"{arrival.at:%Y-%m-%d %H:%M:%S} UTC, {age}"


def examine(engine: Engine, now: datetime) -> Status:
    """The health of a warehouse, all of one moment save its size."""
    size = engine.size()
    with engine.snapshot():
        chosen = questions.Filter(most=SHOWN_RUNS)
        [totals] = _rows(engine, "totals", chosen)
        return Status(
            warehouse=engine.place,
            now=now,
            arrived=_arrivals(engine, now),
            last_play=totals["last_play"],
            tables={table: engine.query(f'select count(*) from "{table}"')[0][0] for table in COUNTED},
            runs=[_without_credentials(run) for run in _rows(engine, "last_runs", chosen)],
            ended=_last_ended_run(engine),
            night=_last_night(engine, now, totals["first_play"]),
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


def _last_night(engine: Engine, now: datetime, first_play: datetime | None) -> Night | None:
    """The last day before today with logs; None when there is none."""
    [(last_event,)] = history.query(engine, "last_event", {"before": datetime.combine(now.date(), time())})
    if last_event is None or first_play is None or last_event < datetime.min + timedelta(weeks=USUAL_WEEKS + 1):
        return None
    day = last_event.date()
    weekdays = [day - timedelta(weeks=n) for n in range(1, USUAL_WEEKS + 1)]
    extent = {
        "from_time": datetime.combine(weekdays[-1], time()),
        "to_time": datetime.combine(day + timedelta(days=1), time()),
    }
    plays: dict[date, int] = dict(history.query(engine, "plays_by_day", extent))
    is_known = first_play < extent["from_time"] + timedelta(days=1)
    usual = sum(plays.get(weekday, 0) for weekday in weekdays) / USUAL_WEEKS
    return Night(day, plays.get(day, 0), usual if is_known else None)


def _rows(engine: Engine, name: str, chosen: questions.Filter) -> list[dict[str, Any]]:
    answer = questions.ask(engine, questions.find(name), chosen)
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]


def _without_credentials(run: dict[str, Any]) -> dict[str, Any]:
    return run | {"error": run["error"] and without_credentials(run["error"])}


def _how_it_failed(run: Mapping[str, Any]) -> str:
    """The status of a run that ended without success, with the reason if one is known."""
    reason = (run["error"] or "").strip().split("\n")[0]
    return f"{run['status']}: {cut(reason, SHOWN_REASON)}" if reason else f"was {run['status']}"


def _run_in_words(run: Mapping[str, Any]) -> str:
    began = f"run {run['run_id']}  {run['started_at']:%Y-%m-%d %H:%M:%S} UTC"
    if run["status"] == "failed":
        return f"{began}  {_how_it_failed(run)}"
    if run["status"] != "done":
        return f"{began}  {run['status']}"
    rejected = f", {counted(run['rejected'], 'record')} rejected" if run["rejected"] else ""
    took = duration(run["finished_at"] - run["started_at"])
    return f"{began}  done in {took}: {run['plays_inserted']:,} new plays, {run['songs']:,} songs{rejected}"


def duration(time: timedelta) -> str:
    """A time in the two largest units that it has."""
    seconds = max(round(time.total_seconds()), 0)
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    parts = []
    for name, length in units:
        if seconds >= length:
            parts.append(f"{seconds // length} {name}")
            seconds %= length
    return " ".join(parts[:2]) or "0 s"
