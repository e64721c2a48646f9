"""Measure the most memory that the program holds where a warehouse or an answer is large, as Markdown tables.

    python bench/memory.py [--only planning] [--only answers] [--objects 400000] [--rows 5000000]

*Planning*: `etl --dry-run` where so many objects are loaded and 10 are new, in DuckDB and on the stand-in for Redshift;
an S3 server of its own lists them. *Answers*: `query` of a table of so many rows, on the stand-in, in each
format. What is measured is the process of `sparkify` alone, not the servers beside it. Ends with 1 when a process held
more than 300 MB.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from measuring import clean_environment
from nothing_new import MOST_MEMORY, Run, configured, sparkify, warehouses

import redshift_stand_in

NEW = 10
"""Objects that are new to the warehouse."""

FORMATS = ("table", "csv", "json", "parquet")

ROW = "n bigint, name varchar(100), at timestamp, amount decimal(18, 2), ratio double precision"
ROWS = """
insert into many_rows
select n, 'A name of some length ' || n, timestamp '2018-11-01' + n * interval '1 second', n / 100.0, n / 7.0
from generate_series(1, {rows}) as n
"""


def planning(_: Path, objects: int) -> Iterator[tuple[str, Run]]:
    """Plan with a warehouse that has loaded almost all of a bucket."""
    with warehouses(objects + NEW, 1, new=NEW) as filled:
        for name, config, server in filled:
            command = ("etl", "--dry-run", "--quiet", "--json", "--config", config)
            run = sparkify(*command, environment=server.environment)
            if (new := sum(map(len, json.loads(run.out)["batches"]))) != NEW:
                raise SystemExit(f"{name} plans {new} objects as new instead of {NEW}")
            yield f"{objects:,} objects loaded and {NEW} new, {name}", run


def answers(folder: Path, rows: int) -> Iterator[tuple[str, Run]]:
    """Ask the stand-in for all rows of a table, in each format."""
    with redshift_stand_in.running(folder) as stand_in:
        config = configured(folder / "answers", clean_environment(), stand_in)
        with stand_in.postgres() as server:
            server.query(f"create table many_rows ({ROW})")
            server.query(ROWS.format(rows=rows))
        for form in FORMATS:
            output = folder / "answer"
            command = ("query", "select * from many_rows", "--format", form, "--output", output, "--quiet")
            run = sparkify(*command, "--config", config, environment=clean_environment())
            yield f"{rows:,} rows as {form}, {output.stat().st_size / 1e6:,.0f} MB", run
            output.unlink()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("planning", "answers"))
    parser.add_argument("--objects", type=int, default=400_000)
    parser.add_argument("--rows", type=int, default=5_000_000)
    options = parser.parse_args()
    print("| what | most memory | time |\n|---|---|---|")
    is_within = True
    for part, count in ((planning, options.objects), (answers, options.rows)):
        if options.only in (None, part.__name__):
            with tempfile.TemporaryDirectory() as folder:
                for name, run in part(Path(folder), count):
                    print(f"| {name} | {run.memory / 1e6:,.0f} MB | {run.seconds:.1f} s |", flush=True)
                    is_within = is_within and run.memory <= MOST_MEMORY
    sys.exit(0 if is_within else 1)


if __name__ == "__main__":
    main()
