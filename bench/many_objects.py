"""Count what many objects in S3 cost the client: requests, bytes, seconds and memory, as Markdown tables.

    python bench/many_objects.py [--objects 10000 50000 100000] [--seed 1]
    python bench/many_objects.py --loaded 1000000 [--seed 1]

The first way is a first load of so many songs, from the listing to COPY. For each number of objects, two new processes
are started: an S3 server on 127.0.0.1 that makes up the objects and counts requests; and the client, whose
memory is measured, in which the program's own code lists, plans, joins objects into parts, writes them and notes the
objects as loaded. Redshift's part is a stub's: the server reads what a COPY names, and tells how many rows that makes.
Ends with 1 when an object takes more than 1.05 GET requests, or is not copied once and whole.

The second way is whole runs of `sparkify etl` that find nothing new, where so many objects are loaded: a tenth of them
hourly logs, the others songs; in DuckDB, and on the stand-in for Redshift. Ends with 1 when one takes more than 300 MB.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

from bucket import BUCKET, JSONPATHS_KEY, KINDS, LOGS, SONGS, WORK, Server, running
from measuring import machine

MOST_GETS = 1.05
"""GET requests an object."""

CONFIG = f"""
[CLUSTER]
HOST = stub
DB_NAME = dev
DB_USER = bench
DB_PASSWORD = bench
[IAM_ROLE]
ARN = arn:aws:iam::123456789012:role/bench
[S3]
LOG_DATA = s3://{BUCKET}/{LOGS}
LOG_JSONPATH = s3://{BUCKET}/{JSONPATHS_KEY}
SONG_DATA = s3://{BUCKET}/{SONGS}
WORK = s3://{BUCKET}/{WORK}
"""


@dataclass
class Counts:
    """What the client did in one step, and the most memory (bytes) that its process has held until then."""

    step: str
    requests: dict[str, int]
    received: int
    sent: int
    seconds: float
    memory: int


@dataclass
class Told:
    """What the client found out."""

    steps: list[Counts]
    listed: int
    planned_again: int
    copies: list[str]
    files: list[dict[str, Any]]


class Stub:
    """What staging needs of the connection; the server says what a COPY would add."""

    name = "redshift"
    place = "redshift://bench"

    def __init__(self, config: Any, server: Server) -> None:
        from sparkify.store import Stores

        self.config = config
        self.stores = Stores(config)
        self.cluster = config.cluster
        self.copies: list[str] = []
        self.files: list[dict[str, Any]] = []
        self._server = server

    def run_untranslated(self, sql: str, values: Mapping[str, Any]) -> None:
        if match := re.search(r"^from '(.*)'$", sql, re.MULTILINE):
            self.copies.append(sql)
            is_manifest = int("\nmanifest\n" in sql)
            self.files.append(self._server.ask(f"copy?url={match[1]}&manifest={is_manifest}"))

    def execute(self, sql: str, values: Mapping[str, Any] | None = None) -> int:
        return 0

    def take_notices(self) -> list[str]:
        """COPY says what it did in the answer to the next query, too."""
        return []

    def query(self, sql: str, values: Mapping[str, Any] | None = None) -> list[tuple[int, ...]]:
        """How many rows the last COPY added."""
        return [(self.files[-1]["rows"],)] if "pg_last_copy_count" in sql else []

    def insert(self, table: str, rows: Sequence[Sequence[Any]]) -> None:
        """Take rows as the engine does when they are many."""
        from sparkify.engines.redshift.copy import copy_rows

        if rows:
            copy_rows(cast(Any, self), cast(Any, self).work, table, rows)


def load(address: str, folder: Path) -> Told:
    """The client: what a run does until the songs are staged, step by step."""
    from sparkify import config as configuration
    from sparkify import history, plan
    from sparkify.engines.engine import Source
    from sparkify.engines.redshift import staging
    from sparkify.engines.redshift.work import Work
    from sparkify.engines.staged import BadRecordLimit, Staged
    from sparkify.store import Listing, Stores

    (folder / "dwh.cfg").write_text(CONFIG)
    config = configuration.load(folder / "dwh.cfg", {})
    server = Server(address)
    stub = Stub(config, server)
    steps: list[Counts] = []

    @contextmanager
    def step(name: str) -> Iterator[None]:
        before, started = server.ask("counts"), time.perf_counter()
        yield
        seconds, after = time.perf_counter() - started, server.ask("counts")
        requests = {kind: after["requests"].get(kind, 0) - before["requests"].get(kind, 0) for kind in KINDS}
        received, sent = (after[way] - before[way] for way in ("sent", "received"))
        peak = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
        assert peak
        memory = int(peak[1]) * 1024
        steps.append(Counts(name, requests, received, sent, seconds, memory))

    with step("start"):
        songs = Stores(config).open(config.store.song_data)
    with step("list"):
        listings: dict[plan.Kind, Listing] = {"songs": songs.list_objects(), "events": Listing()}
    with step("plan"):
        batches = plan.make(listings, plan.Loaded(listings), config.batch_size).batches
    source = Source({"songs": songs, "events": Stores(config).open(config.store.log_data)}, {})
    connection = cast(Any, stub)
    connection.work = Work(stub.stores, stub.cluster.work)
    for batch in batches:
        staged = Staged(BadRecordLimit(0))
        with step("join, write parts, COPY"):
            staging.stage(connection, connection.work, batch, source, staged, lambda steps: None, careful=False)
        with step("note as loaded"):
            history.stage_objects(connection, batch, staged)
        with step("clear WORK"):
            connection.work.clear()
    with step("list and plan: nothing new"):
        listed = listings["songs"].objects
        listings["songs"] = songs.list_objects()
        loaded = plan.Loaded(listings)
        for item in listed:
            loaded.add("songs", item.key, item.etag)
        again = plan.make(listings, loaded, config.batch_size)
    return Told(steps, len(listed), sum(map(len, again.batches)), stub.copies, stub.files)


def measure(count: int, seed: int) -> Told:
    """Start the server and the client, and end them."""
    with tempfile.TemporaryDirectory() as folder, running(count, seed=seed) as server:
        command = [sys.executable, __file__, "--client", server.address, "--folder", folder]
        done = subprocess.run(command, env=server.environment, stdout=subprocess.PIPE, text=True, check=True)
    told = json.loads(done.stdout)
    return Told(**told | {"steps": [Counts(**step) for step in told["steps"]]})


def show(told: Told) -> bool:
    """Print what was found; whether the objects took no more requests than they may, and all came through once."""
    print(f"\n{told.listed:,} song objects\n")
    print(f"| step | {' | '.join(KINDS)} | received | sent | seconds | most memory |")
    print(f"|---|{'---|' * (len(KINDS) + 4)}")
    for step in told.steps:
        requests = " | ".join(f"{step.requests[kind]:,}" for kind in KINDS)
        amounts = f"{step.received / 1e6:.1f} MB | {step.sent / 1e6:.1f} MB | {step.seconds:.1f}"
        print(f"| {step.step} | {requests} | {amounts} | {step.memory / 1e6:.0f} MB |")
    total = {kind: sum(step.requests[kind] for step in told.steps[:-1]) for kind in KINDS}
    print("\nrequests an object:", ", ".join(f"{total[kind] / told.listed:.5f} {kind}" for kind in KINDS))
    for sql, files in zip(told.copies, told.files, strict=True):
        least, most = min(files["sizes"]) / 1e6, max(files["sizes"]) / 1e6
        sizes = f"of {least:.2f} to {most:.2f} MB" if least < most else f"of {most:.2f} MB"
        print(f"{sql.split(' (')[0]}: {len(files['sizes'])} files {sizes}, {files['rows']:,} rows")
    copied = sum(files["songs"] for files in told.files)
    if copied != told.listed or told.planned_again:
        print(f"{copied:,} of {told.listed:,} songs were copied once and whole, {told.planned_again:,} planned again")
    gets = total["GET"] / told.listed
    if gets > MOST_GETS:
        print(f"{gets:.3f} GET requests an object, and {MOST_GETS} are the most")
    return copied == told.listed and not told.planned_again and gets <= MOST_GETS


def show_first_loads(counts: Sequence[int], seed: int) -> bool:
    """Measure and print first loads; whether all were as they must be."""
    found = [measure(count, seed) for count in counts]
    shown = [show(told) for told in found]
    if len(found) > 1:
        first, last = found[0], found[-1]
        print("\nmemory for each further object, in bytes:")
        for a, b in zip(first.steps, last.steps, strict=True):
            print(f"- after {a.step!r}: {(b.memory - a.memory) / (last.listed - first.listed):,.0f}")
    return all(shown)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=int, nargs="+", default=[100_000], metavar="N", help="default: 100,000")
    parser.add_argument("--loaded", type=int, metavar="N", help="measure runs that find nothing new among so many")
    parser.add_argument("--seed", type=int, default=1, help="other objects for another seed (default: 1)")
    parser.add_argument("--client", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.client:
        print(json.dumps(asdict(load(options.client, options.folder))))
        return
    print(f"{machine()}\n")
    if options.loaded:
        import nothing_new  # and with it what the client of a first load must not hold

        is_right = nothing_new.show(options.loaded, options.seed)
    else:
        is_right = show_first_loads(options.objects, options.seed)
    sys.exit(0 if is_right else 1)


if __name__ == "__main__":
    main()
