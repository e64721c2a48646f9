"""What AWS's documentation leaves open, and this program counts on: a probe each, which says what it saw.

A probe is a function with a line that says what it asks. redshift_stand_in/README.md lists them with what the program
counts on; the stand-in gives its own answers, which are guesses.
"""

from __future__ import annotations

from collections.abc import Callable

from redshift_connector.error import Error

from probes.copying import (
    copy_messages,
    error_view_delay,
    lines_scanned,
    nul_in_text,
    parquet_of_duckdb,
    timeout_of_copy,
)
from probes.keys import parts_of_with, planted_rows, scan_by_literals, trailing_blanks
from probes.place import Place
from probes.sessions import cursor_memory, interrupted_statement, query_label, wait_for_lock
from sparkify.errors import SparkifyError

PROBES: tuple[Callable[[Place], str], ...] = (
    copy_messages,
    error_view_delay,
    lines_scanned,
    nul_in_text,
    timeout_of_copy,
    parquet_of_duckdb,
    planted_rows,
    parts_of_with,
    scan_by_literals,
    trailing_blanks,
    wait_for_lock,
    interrupted_statement,
    cursor_memory,
    query_label,
)


def run(place: Place) -> bool:
    """Print what each probe saw; whether all could be made."""
    are_made = True
    print("what the documentation leaves open:")
    for probe in PROBES:
        try:
            print(f"? {probe.__name__}: {probe(place)}")
        except (SparkifyError, Error) as e:
            print(f"✗ {probe.__name__}: {e}")
            are_made = False
    return are_made
