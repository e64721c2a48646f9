"""How the warehouse is: what arrived when, what it holds, how the last runs went, what waits to be mended."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sparkify import formats, questions
from sparkify.engines import Engine
from sparkify.errors import CheckError
from sparkify.progress import harmless
from sparkify.summary import counted, size_in_words

SHOWN_RUNS = 5
"""Runs that are shown, the last ones."""

SHOWN_REASON = 200
"""Characters of the reason why a run failed that are shown."""

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
class Status:
    """The health of a warehouse at a moment. Times are in UTC, `size` is in bytes or None where nobody may know it."""

    warehouse: str
    now: datetime
    arrived: Mapping[str, datetime]
    last_play: datetime | None
    tables: Mapping[str, int]
    runs: list[dict[str, Any]]
    size: int | None

    @property
    def age(self) -> timedelta | None:
        """How long ago the last logs were loaded; None when none ever were."""
        return self.now - self.arrived["events"] if "events" in self.arrived else None

    def require_fresh(self, limit: timedelta) -> None:
        """Make sure that logs arrived lately.

        Raises:
            CheckError: they did not.
        """
        if self.age is None or self.age > limit:
            late = f"arrived {duration(self.age)} ago" if self.age is not None else "never arrived"
            raise CheckError(
                f"{self.warehouse}: logs {late}, and --max-age allows {duration(limit)}; look at the last runs above, "
                f"and whether new logs come into the bucket"
            )

    def as_json(self) -> str:
        """One JSON object; keys may be added, none changes its meaning within a version."""
        content = {
            "version": formats.JSON_VERSION,
            "warehouse": self.warehouse,
            "now": self.now.isoformat(),
            "last_arrival": {kind: self.arrived[kind].isoformat() for kind in sorted(self.arrived)},
            "age_seconds": None if self.age is None else round(self.age.total_seconds(), 3),
            "last_play": self.last_play and self.last_play.isoformat(),
            "tables": dict(self.tables),
            "rejected": self.tables["rejected_records"],
            "runs": [{name: formats.as_json(value) for name, value in run.items()} for run in self.runs],
            "bytes": self.size,
        }
        return json.dumps(content, ensure_ascii=False)

    def as_text(self) -> str:
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
        lines = [f"{name:<16}  {text}" for name, text in rows]
        return "\n".join([*lines, "", *(self._runs() or ["no runs yet"])])

    def _arrival(self, kind: str) -> str:
        if kind not in self.arrived:
            return "none arrived yet"
        return f"{self.arrived[kind]:%Y-%m-%d %H:%M:%S} UTC, {duration(self.now - self.arrived[kind])} ago"

    def _runs(self) -> list[str]:
        return [_run_in_words(run) for run in self.runs]


def examine(engine: Engine, now: datetime) -> Status:
    """The health of a warehouse, all of one moment save its size."""
    size = engine.size()
    with engine.snapshot():
        chosen = questions.Filter(most=SHOWN_RUNS)
        arrivals = _rows(engine, "freshness", chosen)
        [totals] = _rows(engine, "totals", chosen)
        return Status(
            warehouse=engine.place,
            now=now,
            arrived={row["kind"]: row["last_loaded_at"] for row in arrivals},
            last_play=totals["last_play"],
            tables={table: engine.query(f'select count(*) from "{table}"')[0][0] for table in COUNTED},
            runs=_rows(engine, "last_runs", chosen),
            size=size,
        )


def _rows(engine: Engine, name: str, chosen: questions.Filter) -> list[dict[str, Any]]:
    answer = questions.ask(engine, questions.find(name), chosen)
    return [dict(zip(answer.columns, row, strict=True)) for row in answer.rows]


def _run_in_words(run: Mapping[str, Any]) -> str:
    began = f"run {run['run_id']}  {run['started_at']:%Y-%m-%d %H:%M:%S} UTC  {run['status']}"
    if run["status"] == "failed":
        reason = harmless(run["error"].strip().splitlines()[0])
        return f"{began}: {reason if len(reason) <= SHOWN_REASON else reason[: SHOWN_REASON - 1] + '…'}"
    if run["status"] != "done":
        return began
    rejected = f", {counted(run['rejected'], 'record')} rejected" if run["rejected"] else ""
    took = duration(run["finished_at"] - run["started_at"])
    return f"{began} in {took}: {run['plays_inserted']:,} new plays, {run['songs']:,} songs{rejected}"


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
