"""The numbers of a run as a file for the textfile collector of Prometheus' node_exporter.

Every sample has the label `config`, the configuration of the load, because node_exporter refuses the same metric from
two files without a label that differs. It is known even where the configuration cannot be read.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from sparkify.errors import ExitCode, SparkifyError
from sparkify.output import escape_control_characters
from sparkify.outputs import replaced
from sparkify.progress import Progress

LAST_SUCCESS = "sparkify_last_success_timestamp_seconds"

NUMBERS = {
    "last_run_batches": ("Transactions that the last run committed.", "batches"),
    "last_run_objects": ("Objects that the last run loaded.", "objects.new"),
    "last_run_loaded_bytes": ("Size of the objects that the last run loaded.", "bytes"),
    "last_run_events": ("Event records that the last run staged.", "records.events"),
    "last_run_songs": ("Song records that the last run staged.", "records.songs"),
    "last_run_rejected_records": ("Records that the last run set aside.", "records.rejected"),
    "last_run_plays": ("Plays that the last run inserted.", "plays.new"),
    "last_run_page_views": ("Page views that the last run inserted.", "page_views.new"),
    "matched_plays": ("Plays in the warehouse that are matched to a song.", "totals.matched"),
}
"""By the name of a metric without `sparkify_`, its help, and the field of `etl --json` that it repeats."""

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

    `seconds` is how long the run took, and `fields` what it did; a run with a fault has none. The time of the last
    success is then that of the old file, for the warehouse may be out of reach.
    """
    label = f'config="{_escaped(os.path.abspath(configuration))}"'
    now = time.time()
    lines = _lines(label, now, seconds, fault, fields, _last_success(path, label) if fault else now)
    try:
        with replaced(path) as new:
            new.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    except (SparkifyError, OSError) as e:
        progress.warn(f"--metrics: {e}; this changes nothing of the load")


def _lines(
    label: str,
    now: float,
    seconds: float,
    fault: SparkifyError | None,
    fields: Mapping[str, Any],
    last_success: float,
) -> Iterator[str]:
    """The lines of the file, in the text format of Prometheus."""
    code = fault.exit_code if fault else ExitCode.DONE
    every: dict[str, tuple[str, float | None]] = {
        "sparkify_last_run_timestamp_seconds": ("When the last run ended.", round(now, 3)),
        LAST_SUCCESS: ("When the last run that went well ended; 0 where none is known.", round(last_success, 3)),
        "sparkify_last_run_failed": ("Whether the last run failed: 1, or 0.", int(code != ExitCode.DONE)),
        "sparkify_last_run_exit_code": ("The exit code of the last run.", int(code)),
        "sparkify_last_run_duration_seconds": ("How long the last run took.", round(seconds, 3)),
        **{f"sparkify_{name}": (words, _number(fields, field)) for name, (words, field) in NUMBERS.items()},
    }
    for name, (words, value) in every.items():
        if value is not None:
            yield from (*_head(name, words), f"{name}{{{label}}} {value}")
    if fields:
        yield from _head("sparkify_rows", "Rows of a table of the warehouse.")
        for table, field in TABLES.items():
            yield f'sparkify_rows{{{label},table="{table}"}} {fields["totals"][field]}'


def _head(name: str, words: str) -> tuple[str, str]:
    return f"# HELP {name} {words}", f"# TYPE {name} gauge"


def _number(fields: Mapping[str, Any], path: str) -> float | None:
    """A number of a run; None where the run failed, and nobody counted."""
    value: Any = fields
    for name in path.split("."):
        value = value.get(name, {})
    return value if isinstance(value, int) else None


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
