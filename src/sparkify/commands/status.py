"""`sparkify status`: show the health of the warehouse, and end with exit code 4 where a monitor should act."""

from __future__ import annotations

import argparse
import re
from argparse import Namespace
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sparkify import health, program
from sparkify.command_line import Parser, add_config, add_json
from sparkify.commands import Result, configuration, warehouse_or_copy
from sparkify.errors import CheckError
from sparkify.health import Health
from sparkify.output import as_json
from sparkify.progress import Progress
from sparkify.words import counted, cut, forgotten_events_in_words, size_in_words, songs_gone_in_words

HELP = "show what arrived when, what the warehouse holds, and how the last runs went"
EXAMPLES = (
    "sparkify status",
    "sparkify status --quiet --max-age 26h    # for a monitor: exit code 4 when logs are late or a run failed",
)

SHOWN_REASON = 200
"""Characters of the reason why a run failed that are shown."""


def add_options(parser: Parser) -> None:
    """See `Command`."""
    add_config(parser)
    parser.add_argument(
        "--max-age", type=_duration, metavar="TIME", help="exit with 4 when logs arrived longer ago: 90min, 26h, 2d"
    )
    parser.add_argument("--allow-failed-run", action="store_true", help="exit with 0 though the last run failed")
    add_json(parser, "the status")


def _duration(text: str) -> timedelta:
    """A time as 90min, 26h or 2d."""
    units = {"s": "seconds", "min": "minutes", "m": "minutes", "h": "hours", "d": "days"}
    match = re.fullmatch(r"(\d{1,6})\s*(s|min|m|h|d)", text)
    if not match:
        raise argparse.ArgumentTypeError(f"{text}: a time such as 90min, 26h or 2d is accepted")
    return timedelta(**{units[match[2]]: int(match[1])})


def run(options: Namespace, progress: Progress) -> Result:
    """See `Command`."""
    with warehouse_or_copy(configuration(options, progress), progress) as engine:
        status = health.examine(engine, datetime.now(UTC).replace(tzinfo=None))
    progress.warn(*_warnings(status))
    fault = fault_of(status, options.max_age, allow_failed_run=options.allow_failed_run)
    return Result(_lines(status), _fields(status), fault)


def fault_of(status: Health, max_age: timedelta | None, *, allow_failed_run: bool) -> CheckError | None:
    """Why a monitor should act; None when it need not.

    It should when the last run that ended has failed or was killed, or when the last logs are older than `max_age`.
    """
    reasons = [] if allow_failed_run else _failed_run(status)
    reasons += [] if max_age is None else _late(status, max_age)
    return CheckError(*reasons) if reasons else None


def _failed_run(status: Health) -> list[str]:
    if status.ended is None or status.ended["status"] == "done":
        return []
    how = _how_it_failed(status.ended)
    is_older = any(run["run_id"] > status.ended["run_id"] and run["status"] != "running" for run in status.runs)
    which = "that listed everything and ended" if is_older else "that ended"
    fix = f"run {program.command('etl')} again, which goes on from there (--allow-failed-run leaves this out)"
    return [f"{status.warehouse}: the last run {which} is run {status.ended['run_id']}, which {how}; {fix}"]


def _late(status: Health, limit: timedelta) -> list[str]:
    if status.age is not None and status.age <= limit:
        return []
    logs = status.arrived.get("events")
    if logs is None:
        late = "logs never arrived"
    elif status.age is None:
        late = f"logs were loaded at {logs.at:%Y-%m-%d %H:%M:%S} UTC, which is later than now: a clock was wrong"
    else:
        late = f"logs arrived {duration_in_words(status.age)} ago"
    fix = "look at the last runs above, and whether new logs come into the bucket"
    return [f"{status.warehouse}: {late}, and --max-age allows {duration_in_words(limit)}; {fix}"]


def _warnings(status: Health) -> list[str]:
    """What a person should look at, though it is no reason to end with another exit code than 0."""
    warnings = [
        f"{counted(arrival.from_future, 'object')} of {kind}: loaded by a clock that was wrong, at a time "
        f"later than now, and left out of what --max-age compares"
        for kind, arrival in sorted(status.arrived.items())
        if arrival.from_future
    ]
    if (last := status.last_day) and last.is_poor:
        warnings.append(
            f"{last.day} has {counted(last.plays, 'play')}, and the same weekday of the four weeks "
            f"before had {last.usual:,.0f} on average; look whether logs of that day are missing"
        )
    return warnings


def _fields(status: Health) -> dict[str, Any]:
    """The status for programs; fields may be added, none changes its meaning within a version."""
    return {
        "warehouse": status.warehouse,
        "now": status.now.isoformat(),
        "last_arrival": {kind: arrival.at.isoformat() for kind, arrival in sorted(status.arrived.items())},
        "age_seconds": None if status.age is None else round(status.age.total_seconds(), 3),
        "last_play": status.last_play and status.last_play.isoformat(),
        "tables": dict(status.tables),
        "rejected": status.tables["rejected_records"],
        "runs": [{name: as_json(value) for name, value in run.items()} for run in status.runs],
        "songs_gone": status.songs_gone,
        "bytes": status.size,
    }


def _lines(status: Health) -> list[str]:
    """A short table, and a line for each of the last runs."""
    size = "size unknown" if status.size is None else size_in_words(status.size)
    rejected = status.tables["rejected_records"]
    rows = [
        ("warehouse", f"{status.warehouse}, {size}"),
        ("logs", _arrival_in_words(status, "events")),
        ("songs", _arrival_in_words(status, "songs")),
        ("last play", f"{status.last_play:%Y-%m-%d %H:%M:%S} UTC" if status.last_play else "none"),
        ("rejected", f"{counted(rejected, 'record')}; `sparkify rejected` lists them" if rejected else "none"),
        *([("songs gone", songs_gone_in_words(status.songs_gone))] if status.songs_gone else []),
        *((table, counted(count, "row")) for table, count in status.tables.items()),
    ]
    runs = [_run_in_words(run) for run in status.runs]
    return [*(f"{name:<16}  {text}" for name, text in rows), "", *(runs or ["no runs yet"])]


def _arrival_in_words(status: Health, kind: str) -> str:
    if kind not in status.arrived:
        return "none arrived yet"
    arrival = status.arrived[kind]
    age = f"{duration_in_words(status.now - arrival.at)} ago" if arrival.is_dated else "which is later than now"
    return f"{arrival.at:%Y-%m-%d %H:%M:%S} UTC, {age}"


def _run_in_words(run: Mapping[str, Any]) -> str:
    began = f"run {run['run_id']}  {run['started_at']:%Y-%m-%d %H:%M:%S} UTC"
    if run["status"] == "failed":
        return f"{began}  {_how_it_failed(run)}"
    if run["status"] != "done":
        return f"{began}  {run['status']}"
    plays, songs = counted(run["plays_inserted"], "new play"), counted(run["songs"], "song")
    rejected = f", {counted(run['rejected'], 'record')} rejected" if run["rejected"] else ""
    forgotten = f", {forgotten_events_in_words(run['events_forgotten'])}" if run["events_forgotten"] else ""
    took = duration_in_words(run["finished_at"] - run["started_at"])
    return f"{began}  done in {took}: {plays}, {songs}{rejected}{forgotten}"


def _how_it_failed(run: Mapping[str, Any]) -> str:
    """The status of a run that ended without success, with the reason if one is known."""
    reason = (run["error"] or "").strip().split("\n")[0]
    return f"{run['status']}: {cut(reason, SHOWN_REASON)}" if reason else f"was {run['status']}"


def duration_in_words(duration: timedelta) -> str:
    """A duration in its two largest units."""
    seconds = max(round(duration.total_seconds()), 0)
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    parts = []
    for name, length in units:
        if seconds >= length:
            parts.append(f"{seconds // length} {name}")
            seconds %= length
    return " ".join(parts[:2]) or "0 s"
