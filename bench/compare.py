"""Compare etl.py with scripts that do as much or less, side by side, as a Markdown table.

    python bench/compare.py [--pairs 5] [--only real|large|day|nothing|s3|backlog]

Whole processes in turn, medians of pairs. *The same work* is plain_load.py: the columns and keys of the star schema, no
promise. *The quick script* is quick_load.py: fewer columns, no keys. The real data is looked for in ../shared/data; the
large bucket (15,000 songs, 5 million events, 2.3 GB) is made once in bench/data. The backlog is loaded once, at the
end, and has a table of its own.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from os import link
from pathlib import Path
from statistics import median
from typing import TypeAlias

import backlog
import s3_files
from buckets import REAL, large
from measuring import ROOT, Run, Warehouse, machine, measure

LAST_DAY = "2018/11/2018-11-30-events.json"

Pairs: TypeAlias = list[tuple[Run, Run]]
"""Runs of etl.py, each with one of what it is held against."""


def pairs(count: int, load: Callable[[], Run], yardstick: Callable[[], Run]) -> Pairs:
    """Both in turn, after one of each that does not count."""
    return [(load(), yardstick()) for _ in range(count + 1)][1:]


def script(name: str, folder: Path, bucket: Path) -> Callable[[], Run]:
    """A load of a bucket by one of the scripts."""

    def run() -> Run:
        file = folder / "script.duckdb"
        file.unlink(missing_ok=True)
        return measure(ROOT / "bench" / name, bucket, file)

    return run


def first_load(warehouse: Warehouse) -> Callable[[], Run]:
    """A load into a warehouse that was empty before."""

    def run() -> Run:
        warehouse.empty()
        return warehouse.load()

    return run


def real(folder: Path, count: int) -> Pairs:
    """The first load of the real files, against the quick script."""
    return pairs(count, first_load(Warehouse(folder, REAL)), script("quick_load.py", folder, REAL))


def large_load(folder: Path, count: int) -> Pairs:
    """The first load of the large bucket, against the script that does the same work."""
    return pairs(count, first_load(Warehouse(folder, large())), script("plain_load.py", folder, large()))


def last_day(folder: Path, count: int) -> Pairs:
    """The last day onto the others, against the first load of all days."""
    bucket, linked, first = large(), folder / "bucket", folder / "first"
    first.mkdir()
    for name in ("song_data", "log_data"):
        shutil.copytree(bucket / name, linked / name, copy_function=link)
    shutil.copy(bucket / "log_json_path.json", linked)
    (linked / "log_data" / LAST_DAY).unlink()
    others = Warehouse(folder, linked)
    first_load(others)()
    shutil.copy(others.file, folder / "others.duckdb")
    link(bucket / "log_data" / LAST_DAY, linked / "log_data" / LAST_DAY)

    def day() -> Run:
        shutil.copy(folder / "others.duckdb", others.file)
        return others.load()

    return pairs(count, day, first_load(Warehouse(first, bucket)))


def nothing_new(folder: Path, count: int) -> Pairs:
    """A run that finds nothing new in the large bucket, against the quick script on the real files."""
    warehouse = Warehouse(folder, large())
    first_load(warehouse)()
    return pairs(count, warehouse.load, script("quick_load.py", folder, REAL))


def s3(folder: Path, count: int) -> Pairs:
    """The first load of the real files from S3, against a bare list and get of the same objects."""
    with s3_files.running(REAL) as environment:
        load = first_load(Warehouse(folder, f"s3://{s3_files.BUCKET}", environment))
        return pairs(count, load, lambda: measure(ROOT / "bench" / "bare_get.py", environment=environment))


@dataclass(frozen=True)
class Work:
    """What is measured, against what, and the ratio that is aimed at."""

    name: str
    yardstick: str
    aim: str
    run: Callable[[Path, int], Pairs]


WORKS = {
    "large": Work("15,000 songs + 5 million events, first load", "the same work", "1.10, memory 1.0", large_load),
    "real": Work("real data (14,896 + 30 files), first load", "the quick script", "1.5", real),
    "day": Work("the last day of those 5 million onto the other 29", "the first load of all", "0.083", last_day),
    "nothing": Work("nothing new, 15,000 + 30 files", "the quick script on the real data", "0.5", nothing_new),
    "s3": Work("real data from S3 on this machine, first load", "bare list and get", "1.15", s3),
}


def row(work: Work, runs: Pairs) -> str:
    """The line of a work in the table."""
    ratios = sorted(load.seconds / yardstick.seconds for load, yardstick in runs)
    loads, yardsticks = zip(*runs, strict=True)
    seconds, cpu, memory = (
        [median(getattr(run, name) for run in side) for side in (loads, yardsticks)]
        for name in ("seconds", "cpu", "memory")
    )
    return (
        f"| {work.name} | {seconds[0]:.2f} s | {work.yardstick}: {seconds[1]:.2f} s "
        f"| {median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f}) | {work.aim} "
        f"| {cpu[0]:.2f} and {cpu[1]:.2f} s | {cpu[0] / cpu[1]:.3f} "
        f"| {memory[0] / 1e6:.0f} and {memory[1] / 1e6:.0f} MB | {memory[0] / memory[1]:.2f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--only", choices=[*WORKS, "backlog"], action="append")
    options = parser.parse_args()
    names = options.only or [*WORKS, "backlog"]
    if works := [WORKS[name] for name in names if name in WORKS]:
        print(f"{machine()}; medians of {options.pairs} pairs\n")
        print("| work | etl.py | yardstick | ratio (least to most) | aim | processor time | ratio | memory | ratio |")
        print(f"|{'---|' * 9}")
    for work in works:
        with tempfile.TemporaryDirectory(prefix="tmp", dir=ROOT / "bench") as folder:
            print(row(work, work.run(Path(folder), options.pairs)), flush=True)
    if "backlog" in names:
        print("\nA backlog of 20 million events, in batches:\n")
        with tempfile.TemporaryDirectory(prefix="tmp", dir=ROOT / "bench") as folder:
            backlog.load(Path(folder), days=20, batch_size="500MB")


if __name__ == "__main__":
    main()
