"""Load a backlog of twenty days of a million events in batches, and print what each batch takes, as a Markdown table.

    python bench/backlog.py [--days 20] [--batch-size 500MB]

A batch is a day. The time of one goes from when its reading begins to when the next one's does; processor time and
memory are the process's own in between, as Linux counts them. Twenty days need 12 GB of disk.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

from buckets import large
from measuring import ROOT, Warehouse, clean_environment, measure

EVENTS = 1_000_000
"""Of a day, about."""

BEGINS = "read and stage objects"
"""How the narration of a batch begins, after its number."""


@dataclass(frozen=True)
class Moment:
    """When a batch began or the last one ended: wall and processor time until then, and the peak of memory since the
    moment before."""

    seconds: float
    cpu: float
    memory: int


def moment(pid: int) -> Moment:
    """Now; the peak of memory is counted from here on."""
    process = Path("/proc", str(pid))
    numbers = (process / "stat").read_text().rpartition(")")[2].split()
    cpu = (int(numbers[11]) + int(numbers[12])) / os.sysconf("SC_CLK_TCK")
    [peak] = [line.split()[1] for line in (process / "status").read_text().splitlines() if line.startswith("VmHWM")]
    (process / "clear_refs").write_text("5")
    return Moment(time.perf_counter(), cpu, int(peak) * 1024)


def moments(warehouse: Warehouse, batch_size: str) -> Iterator[Moment]:
    """Load; the beginning of each batch, and the end of the last, which is the program's."""
    with subprocess.Popen(
        [sys.executable, ROOT / "etl.py", "--config", warehouse.config, "--log", "json"],
        env=clean_environment() | {"DWH_ETL_BATCH_SIZE": batch_size},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr
        for line in process.stderr:
            told = json.loads(line)
            if told["level"] in ("warning", "error"):
                print(told["message"], file=sys.stderr)
            if told.get("phase", "").endswith(BEGINS) and "seconds" not in told:
                yield moment(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"etl.py ended with {process.returncode}")
    yield Moment(time.perf_counter(), usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)


def load(folder: Path, days: int, batch_size: str) -> None:
    """Make the backlog, load it, and print a line for each batch and one for all."""
    measure(ROOT / "bench" / "buckets.py", folder, "--days", str(days), "--events", str(EVENTS))
    warehouse = Warehouse(folder, folder, songs=large() / "song_data")
    warehouse.empty()
    print("| batch | seconds a million events | processor time | most memory |\n|---|---|---|---|")
    batches = list[Moment]()
    for number, (begin, end) in enumerate(pairwise(moments(warehouse, batch_size)), 1):
        batches.append(Moment(end.seconds - begin.seconds, end.cpu - begin.cpu, end.memory))
        print(f"| {number} | {_in_words(batches[-1])} |", flush=True)
    early, late = (_middle(some) for some in (batches[: days // 2], batches[-(days // 2) :]))
    print(f"| median of the first half | {_in_words(early)} |")
    print(f"| median of the second half | {_in_words(late)} |")
    ratios = (late.seconds / early.seconds, late.cpu / early.cpu, late.memory / early.memory)
    print(f"| ratio | {' | '.join(f'{ratio:.2f}' for ratio in ratios)} |")


def _middle(batches: list[Moment]) -> Moment:
    return Moment(
        median(batch.seconds for batch in batches),
        median(batch.cpu for batch in batches),
        int(median(batch.memory for batch in batches)),
    )


def _in_words(batch: Moment) -> str:
    return f"{batch.seconds:.2f} s | {batch.cpu:.2f} s | {batch.memory / 1e6:.0f} MB"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=20)
    parser.add_argument("--batch-size", default="500MB", help="[ETL] BATCH_SIZE; a day is 455 MB")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tmp", dir=ROOT / "bench") as folder:
        load(Path(folder), options.days, options.batch_size)


if __name__ == "__main__":
    main()
