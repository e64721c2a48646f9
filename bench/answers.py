"""Time what analysts wait for: the view `plays` against the fact, answers in files against DuckDB's own COPY, and
the report.

    python bench/answers.py [--config dwh.cfg]    a loaded warehouse in DuckDB, such as that of bench/data

Prints medians of five, each pair measured in turn, as a Markdown table.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import duckdb

from sparkify.config import load

ROUNDS = 5

QUESTIONS = {
    "plays by hour": (
        "select hour, count(*) from plays group by hour",
        "select extract(hour from start_time), count(*) from songplays group by 1",
    ),
    "count of plays": ("select count(*) from plays", "select count(*) from songplays"),
}
"""A question of the view, and the same of the fact."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--config", type=Path, default=Path("dwh.cfg"))
    config = parser.parse_args().config
    warehouse = load(config).duckdb_path
    print("| work | here | yardstick | ratio |\n|---|---|---|---|")
    with duckdb.connect(warehouse, read_only=True) as connection, tempfile.TemporaryDirectory() as folder:
        connection.execute("set enable_progress_bar = false")
        for name, pair in QUESTIONS.items():
            ours, theirs = (_asking(connection, sql) for sql in pair)
            _print(name, ours, theirs)
        for form in ("csv", "parquet"):
            output = Path(folder) / form
            sql = "select * from plays"
            command = [sys.executable, "-m", "sparkify.cli", "query", sql, "--config", str(config), "--format", form]
            copy = f"copy ({sql}) to '{output}' (format {form})"
            _print(f"all plays as {form}", _running([*command, "--output", str(output)]), _asking(connection, copy))
        page = str(Path(folder) / "report.html")
        command = [sys.executable, "-m", "sparkify.cli", "report", "--config", str(config), "--quiet", "--output", page]
        seconds = median(_seconds(_running(command)) for _ in range(ROUNDS))
        print(f"| the report | {seconds:.2f} s | | |")


def _asking(connection: duckdb.DuckDBPyConnection, sql: str) -> Callable[[], object]:
    return lambda: connection.execute(sql).fetchall()


def _running(command: list[str]) -> Callable[[], object]:
    return lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _print(name: str, ours: Callable[[], object], theirs: Callable[[], object]) -> None:
    pairs = [(_seconds(ours), _seconds(theirs)) for _ in range(ROUNDS)]
    here, there = (median(times) for times in zip(*pairs, strict=True))
    print(f"| {name} | {here:.4f} s | {there:.4f} s | {median(a / b for a, b in pairs):.2f} |", flush=True)


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
