"""Load 100 million events on one machine, day by day, and print what loads and questions take, as Markdown tables.

    python bench/hundred_million.py [--events 100000000] [--day 1000000] [--folder bench/tmp-hundred-million] [--keep]

Each day its log is delivered, loaded by a run of etl.py, and deleted, as logs expire. At the end come `status`,
`check`, `report` and every question of `sparkify query`, each once. All lies in the folder, which is deleted at the
end. When it is interrupted, the folder stays: the same command goes on, and `rm -r` gives it up. 100 million events
need 12 GB of disk, and the large sample in bench/data.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from buckets import EVENTS, day_file, large
from measuring import ROOT, Run, Warehouse, machine, measure


@dataclass(frozen=True)
class Day:
    """What the load of a day took: seconds of wall and of processor time; bytes of memory at the peak of the process,
    of the warehouse file after it, and of the log."""

    events: int
    seconds: float
    cpu: float
    memory: int
    warehouse: int
    log: int


def load_day(folder: Path, warehouse: Warehouse, day: int, events: int) -> Day:
    """Deliver the log of a day, load it, delete it."""
    bucket = folder / "bucket"
    bucket.mkdir(exist_ok=True)
    log = day_file(bucket / "log_data", day)
    if not log.exists():  # an interrupted run may have loaded it
        measure(ROOT / "bench" / "buckets.py", bucket, "--first", str(day), "--events", str(events))
    run = warehouse.load("--json", "--quiet")
    loaded = json.loads(run.out)["records"]["events"]
    size = log.stat().st_size
    log.unlink()
    return Day(loaded, run.seconds, run.cpu, run.memory, warehouse.file.stat().st_size, size)


def load_days(folder: Path, warehouse: Warehouse, count: int, events: int) -> Iterator[list[Day]]:
    """Load the days that the folder does not note as loaded; after each day, all until then."""
    notes = folder / "days.jsonl"
    days = [Day(**json.loads(line)) for line in notes.read_text().splitlines()] if notes.exists() else []
    if not warehouse.file.exists():
        warehouse.empty()
    for number in range(count):
        if number == len(days):
            days.append(load_day(folder, warehouse, number, events))
            with notes.open("a") as file:
                file.write(json.dumps(asdict(days[-1])) + "\n")
        yield days[: number + 1]


def row(days: Sequence[Day], latest: int) -> str:
    """What the latest days took, and how much there is by then."""
    some = days[-latest:]
    millions = sum(day.events for day in some) / 1e6 or float("nan")
    seconds, cpu = (sum(getattr(day, name) for day in some) / millions for name in ("seconds", "cpu"))
    return (
        f"| {sum(day.events for day in days) / 1e6:.1f} | {len(days)} | {seconds:.1f} s | {cpu:.1f} s "
        f"| {max(day.memory for day in some) / 1e6:,.0f} MB | {days[-1].warehouse / 1e9:.2f} GB "
        f"| {max(day.log for day in some) / 1e6:,.0f} MB | {datetime.now(UTC):%H:%M} |"
    )


def questions(warehouse: Warehouse, folder: Path) -> Iterator[tuple[str, Run | None]]:
    """Each command that reads the warehouse, and what it took; None where it failed; stderr says why."""
    listed = json.loads(warehouse.sparkify("query", "--format", "json").out)["rows"]
    names = [answer["question"] for answer in listed]
    commands: list[tuple[str | Path, ...]] = [
        ("status",),
        ("check",),
        ("report", "--output", folder / "report.html"),
        *(("query", name, "--format", "csv") for name in names),
    ]
    for command in commands:
        name = " ".join(map(str, command[:2] if command[0] == "query" else command[:1]))
        try:
            yield name, warehouse.sparkify(*command, "--quiet")
        except SystemExit as e:
            print(e, file=sys.stderr)
            yield name, None


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=100_000_000)
    parser.add_argument("--day", type=int, default=1_000_000, help="events of a day, about; at most 5 million")
    parser.add_argument("--folder", type=Path, default=ROOT / "bench" / "tmp-hundred-million")
    parser.add_argument("--keep", action="store_true", help="keep the folder with the warehouse at the end")
    options = parser.parse_args()
    if not 0 < options.day <= min(options.events, EVENTS):
        parser.error(f"a day has from 1 to {EVENTS:,} events, and no more than all days")
    folder: Path = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    warehouse = Warehouse(folder, folder / "bucket", songs=large() / "song_data")
    count = options.events // options.day
    latest = max(1, count // 10)
    print(f"{machine()}; {count} days of {options.day / 1e6:g} million events\n")
    print(
        "| million events | days | seconds a million | processor time a million | most memory of the load "
        "| warehouse file | log file | UTC |"
    )
    print(f"|{'---|' * 8}", flush=True)
    try:
        for days in load_days(folder, warehouse, count, options.day):
            if len(days) % latest == 0:
                print(row(days, latest), flush=True)
    except KeyboardInterrupt:
        sys.exit(f"interrupted; the same command goes on, `rm -r {folder}` gives it up")
    print("\n| command | seconds | processor time | most memory |\n|---|---|---|---|")
    for name, run in questions(warehouse, folder):
        took = f"{run.seconds:.2f} s | {run.cpu:.2f} s | {run.memory / 1e6:,.0f} MB" if run else "failed | | "
        print(f"| `{name}` | {took} |", flush=True)
    if not options.keep:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
