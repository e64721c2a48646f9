"""Compare etl.py with plain_load.py, side by side: whole processes in turn, medians of pairs, as a Markdown table.

    python bench/compare.py [--pairs 5] [--only real|large|day|nothing]

The real data is looked for in ../shared/data; the large bucket (15,000 songs, 5 million events, 2.3 GB) is made once
in bench/data.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
REAL = ROOT.parent / "shared" / "data"
LARGE = ROOT / "bench" / "data"
LAST_DAY = "2018/11/2018-11-30-events.json"


@dataclass(frozen=True)
class Run:
    """One whole process: seconds of wall time, and bytes of memory at its peak."""

    seconds: float
    memory: int


def measure(*command: str | Path) -> Run:
    """Run a command to its end."""
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, *map(str, command)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    assert process.stderr
    errors = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\n{errors.decode()}")
    return Run(seconds, usage.ru_maxrss * 1024)


class Warehouse:
    """A configuration and a warehouse file in a folder of their own."""

    def __init__(self, folder: Path, bucket: Path) -> None:
        self.folder = folder
        self.config = folder / "dwh.cfg"
        self.file = folder / "sparkify.duckdb"
        self.config.write_text(
            f"[S3]\nLOG_DATA = {bucket}/log_data\nSONG_DATA = {bucket}/song_data\n"
            f"LOG_JSONPATH = {bucket}/log_json_path.json\n"
        )

    def empty(self) -> None:
        """Drop the file and create the tables."""
        self.file.unlink(missing_ok=True)
        measure(ROOT / "create_tables.py", "--config", self.config)

    def load(self) -> Run:
        """What is measured."""
        return measure(ROOT / "etl.py", "--config", self.config)


def plain(folder: Path, bucket: Path) -> Run:
    """The yardstick."""
    file = folder / "plain.duckdb"
    file.unlink(missing_ok=True)
    return measure(ROOT / "bench" / "plain_load.py", bucket, file)


def pairs(count: int, ours: Callable[[], Run], yardstick: Callable[[], Run]) -> list[tuple[Run, Run]]:
    """Both in turn, after one of each that does not count."""
    return [(ours(), yardstick()) for _ in range(count + 1)][1:]


def first_load(folder: Path, bucket: Path, count: int) -> list[tuple[Run, Run]]:
    warehouse = Warehouse(folder, bucket)

    def load() -> Run:
        warehouse.empty()
        return warehouse.load()

    return pairs(count, load, lambda: plain(folder, bucket))


def last_day(folder: Path, bucket: Path, count: int) -> list[tuple[Run, Run]]:
    """The last day onto the others, against the first load of all days."""
    linked, first = folder / "bucket", folder / "first"
    first.mkdir()
    shutil.copytree(bucket / "song_data", linked / "song_data", copy_function=os.link)
    shutil.copytree(bucket / "log_data", linked / "log_data", copy_function=os.link)
    shutil.copy(bucket / "log_json_path.json", linked)
    (linked / "log_data" / LAST_DAY).unlink()
    others, everything = Warehouse(folder, linked), Warehouse(first, bucket)
    others.empty()
    others.load()
    shutil.copy(others.file, folder / "others.duckdb")
    os.link(bucket / "log_data" / LAST_DAY, linked / "log_data" / LAST_DAY)

    def day() -> Run:
        shutil.copy(folder / "others.duckdb", others.file)
        return others.load()

    def all_days() -> Run:
        everything.empty()
        return everything.load()

    return pairs(count, day, all_days)


def nothing_new(folder: Path, bucket: Path, count: int) -> list[tuple[Run, Run]]:
    """A run that finds nothing new in the large bucket, against the plain load of the real data."""
    warehouse = Warehouse(folder, bucket)
    warehouse.empty()
    warehouse.load()
    return pairs(count, warehouse.load, lambda: plain(folder, REAL))


WORKS = {
    "real": ("real data (14,896 + 30 files), first load", "1.7", first_load, REAL),
    "large": ("15,000 songs + 5 million events, first load", "1.25", first_load, LARGE),
    "day": ("the last day of those 30 onto the other 29 (against the first load)", "0.083", last_day, LARGE),
    "nothing": (
        "nothing new, 15,000 + 30 objects (against the plain load of the real data)",
        "1.0",
        nothing_new,
        LARGE,
    ),
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare etl.py with plain_load.py.")
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--only", choices=WORKS, action="append")
    options = parser.parse_args()
    if not LARGE.exists():
        measure("-m", "sparkify.cli", "sample", LARGE, "--songs", "15000", "--events", "5000000", "--seed", "1")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    print(
        f"{platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GB, Python {platform.python_version()}; ", end=""
    )
    print(f"medians of {options.pairs} pairs\n")
    print("| work | etl.py | yardstick | ratio (least to most) | at most | memory of both | ratio |")
    print("|---|---|---|---|---|---|---|")
    for name in options.only or WORKS:
        title, most, work, bucket = WORKS[name]
        with tempfile.TemporaryDirectory(dir=ROOT / "bench") as folder:
            found = work(Path(folder), bucket, options.pairs)
        ratios = sorted(a.seconds / b.seconds for a, b in found)
        seconds = [median(run.seconds for run in side) for side in zip(*found, strict=True)]
        peaks = [median(run.memory for run in side) / 1e6 for side in zip(*found, strict=True)]
        print(
            f"| {title} | {seconds[0]:.2f} s | {seconds[1]:.2f} s "
            f"| {median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f}) | {most} "
            f"| {peaks[0]:.0f} and {peaks[1]:.0f} MB | {peaks[0] / peaks[1]:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
