"""The numbers of a run as a file for the textfile collector of Prometheus' node_exporter.

Every sample has the label `config`, the configuration of the load, because node_exporter refuses the same metric from
two files without a label that differs. It is known even where the configuration cannot be read.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from sparkify.errors import ExitCode, SparkifyError
from sparkify.output import escape_control_characters
from sparkify.outputs import replaced
from sparkify.progress import Progress

LAST_SUCCESS = "sparkify_last_success_timestamp_seconds"

METRICS = {
    "sparkify_last_run_timestamp_seconds": "When the last run ended.",
    LAST_SUCCESS: "When the last run that went well ended; 0 where none is known.",
    "sparkify_last_run_failed": "Whether the last run failed, by an interrupt too: 1, or 0.",
    "sparkify_last_run_exit_code": "The exit code of the last run.",
    "sparkify_last_run_duration_seconds": "How long the last run took.",
    "sparkify_last_run_batches": "Transactions that the last run committed.",
    "sparkify_last_run_objects": "Objects that the last run loaded.",
    "sparkify_last_run_loaded_bytes": "Size of the objects that the last run loaded.",
    "sparkify_last_run_events": "Event records that the last run staged.",
    "sparkify_last_run_songs": "Song records that the last run staged.",
    "sparkify_last_run_rejected_records": "Records that the last run set aside.",
    "sparkify_last_run_plays": "Plays that the last run inserted.",
    "sparkify_last_run_page_views": "Page views that the last run inserted.",
    "sparkify_matched_plays": "Plays in the warehouse that are matched to a song.",
    "sparkify_rows": "Rows of a table of the warehouse.",
}
"""What each metric means, in the order of the file. After a run that failed, there are the first five alone."""

FIELDS = {
    "sparkify_last_run_batches": "batches",
    "sparkify_last_run_objects": "objects.new",
    "sparkify_last_run_loaded_bytes": "bytes",
    "sparkify_last_run_events": "records.events",
    "sparkify_last_run_songs": "records.songs",
    "sparkify_last_run_rejected_records": "records.rejected",
    "sparkify_last_run_plays": "plays.new",
    "sparkify_last_run_page_views": "page_views.new",
    "sparkify_matched_plays": "totals.matched",
}
"""By metric, the field of `etl --json` that it repeats."""

TABLES = {"songplays": "plays", "users": "users", "songs": "songs", "artists": "artists"}
"""By table, its field in `totals` of `etl --json`."""


def write(
    path: Path,
    configuration: Path,
    seconds: float,
    fault: SparkifyError | None,
    fields: Mapping[str, Any],
    progress: Progress,
) -> None:
    """Replace the file by the numbers of a run that has just ended; where it cannot be written, that is a warning.

    `seconds` is how long the run took, and `fields` what it did, if it got to its end. With a fault, the time of the
    last success is that of the old file, for the warehouse may be out of reach.
    """
    label = f'config="{_escaped(os.path.abspath(configuration))}"'
    now = round(time.time(), 3)
    code = fault.exit_code if fault else ExitCode.DONE
    samples: list[tuple[str, str, float]] = [
        ("sparkify_last_run_timestamp_seconds", label, now),
        (LAST_SUCCESS, label, _last_success(path, label) if fault else now),
        ("sparkify_last_run_failed", label, int(code != ExitCode.DONE)),
        ("sparkify_last_run_exit_code", label, int(code)),
        ("sparkify_last_run_duration_seconds", label, round(seconds, 3)),
    ]
    if fields:
        samples += [(name, label, _number(fields, field)) for name, field in FIELDS.items()]
        totals = fields["totals"]
        samples += [("sparkify_rows", f'{label},table="{table}"', totals[field]) for table, field in TABLES.items()]
    try:
        with replaced(path) as new:
            new.write_text("".join(f"{line}\n" for line in _lines(samples)), encoding="utf-8")
    except (SparkifyError, OSError) as e:
        progress.warn(f"--metrics: {e}; this changes nothing of the load")


def _lines(samples: Iterable[tuple[str, str, float]]) -> Iterator[str]:
    """Samples, each its metric, labels and value, as lines of Prometheus' text format."""
    for name, of_metric in groupby(samples, lambda sample: sample[0]):
        yield f"# HELP {name} {METRICS[name]}"
        yield f"# TYPE {name} gauge"
        yield from (f"{name}{{{labels}}} {value}" for _, labels, value in of_metric)


def _number(fields: Mapping[str, Any], path: str) -> int:
    """The number at a path of names, such as `plays.new`."""
    value: Any = fields
    for name in path.split("."):
        value = value[name]
    return int(value)


def _last_success(path: Path, label: str) -> float:
    """The time of the last success that a file holds, 0 if it holds none of this configuration."""
    try:
        text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    except OSError:
        return 0
    sample = re.search(rf"^{LAST_SUCCESS}\{{{re.escape(label)}\}} (\d+(?:\.\d+)?)$", text, re.MULTILINE)
    return float(sample[1]) if sample else 0


def _escaped(text: str) -> str:
    """The value of a label: what misleads is spelled out, and the format's own escapes are added."""
    return escape_control_characters(text).replace("\\", "\\\\").replace('"', '\\"')
