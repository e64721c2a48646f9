"""Measure the most memory that the program holds where a warehouse or an answer is large, as Markdown tables.

    python bench/memory.py [--only planning] [--only answers] [--objects 400000] [--rows 5000000]

*Planning*: `etl --dry-run` where so many objects are loaded and 10 are new, in DuckDB and on the stand-in for Redshift;
the S3 server of `many_objects.py` lists them. *Answers*: `query` of a table of so many rows, on the stand-in, in each
format. What is measured is the process of `sparkify` alone, not the servers beside it. Ends with 1 when a process held
more than 300 MB.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import md5
from pathlib import Path
from types import MappingProxyType
from urllib.request import Request, urlopen

import duckdb
from many_objects import BUCKET, SONGS, song, song_keys

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import redshift_stand_in  # noqa: E402
from redshift_stand_in import StandIn  # noqa: E402
from sparkify.sample import JSONPATHS  # noqa: E402

MOST_MEMORY = 300_000_000

NEW = 10
"""Objects that are new to the warehouse."""

SEED = 1

MEASURED = """
import re, sys
from sparkify.cli import main
code = main(sys.argv[2:])
peak = re.search(r"VmHWM:\\s*(\\d+) kB", open("/proc/self/status").read())[1]
open(sys.argv[1], "w").write(peak)
sys.exit(code)
"""
"""The program, which then writes how much memory it has held into a file; Linux counts it since the program began."""

FORMATS = ("table", "csv", "json", "parquet")

ROW = "n bigint, name varchar(100), at timestamp, amount decimal(18, 2), ratio double precision"
ROWS = """
insert into many_rows
select n, 'A name of some length ' || n, timestamp '2018-11-01' + n * interval '1 second', n / 100.0, n / 7.0
from generate_series(1, {rows}) as n
"""


@dataclass(frozen=True)
class Run:
    """One whole process: seconds of wall time, bytes of memory at its peak, and what it printed."""

    seconds: float
    memory: int
    out: str


def sparkify(*arguments: object, environment: Mapping[str, str] = MappingProxyType({})) -> Run:
    """Run a command of the program to its end."""
    others = {name: text for name, text in os.environ.items() if not name.upper().startswith(("AWS_", "DWH_"))}
    with tempfile.NamedTemporaryFile("r") as memory:
        command = [sys.executable, "-c", MEASURED, memory.name, *map(str, arguments)]
        started = time.perf_counter()
        done = subprocess.run(command, env={**others, **environment}, stdout=subprocess.PIPE, text=True, check=True)
        return Run(time.perf_counter() - started, int(memory.read()) * 1024, done.stdout)


@contextmanager
def bucket(objects: int) -> Iterator[dict[str, str]]:
    """The environment of an S3 server that lists song objects, and holds a log and a JSONPaths file."""
    server = [sys.executable, str(ROOT / "bench" / "many_objects.py"), "--objects", str(objects), "--seed", str(SEED)]
    with subprocess.Popen([*server, "--part", "server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        address = f"http://127.0.0.1:{int(process.stdout.readline())}"
        for key, content in (("log_data/a.json", "{}\n"), ("log_json_path.json", JSONPATHS)):
            request = Request(f"{address}/{BUCKET}/{key}", data=content.encode(), method="PUT")
            urlopen(request).close()
        keys = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_REGION": "us-east-1"}
        yield keys | {"AWS_ENDPOINT_URL": address, "NO_PROXY": "127.0.0.1"}
        process.stdin.close()


def configured(folder: Path, stand_in: StandIn | None) -> Path:
    """A dwh.cfg for the bucket, and for the stand-in or a DuckDB file beside it, with the tables made."""
    lines = [
        "[S3]",
        f"LOG_DATA = s3://{BUCKET}/log_data",
        f"SONG_DATA = s3://{BUCKET}/{SONGS}",
        f"LOG_JSONPATH = s3://{BUCKET}/log_json_path.json",
    ]
    if stand_in:
        login = {"HOST": stand_in.host, "DB_PORT": stand_in.port, "DB_NAME": stand_in.database, "SSLMODE": "disable"}
        user = {"DB_USER": stand_in.user, "DB_PASSWORD": stand_in.password}
        lines += [f"WORK = s3://{BUCKET}/work", "[IAM_ROLE]", "ARN = arn:aws:iam::123456789012:role/bench", "[CLUSTER]"]
        lines += [f"{key} = {value}" for key, value in (login | user).items()]
    config = folder / "dwh.cfg"
    config.write_text("\n".join(lines) + "\n")
    config.chmod(0o600)
    sparkify("create-tables", "--quiet", "--config", config)
    return config


def history(objects: int) -> Iterator[str]:
    """The load history of the bucket's objects, save the new ones, as lines of tab-separated values."""
    for n, key in enumerate(song_keys(objects + NEW, SEED)):
        if n % (objects // NEW) or n >= objects:
            content = song(key)
            etag = f'"{md5(content).hexdigest()}"'
            values = (key.removeprefix(SONGS), f"s3://{BUCKET}/{key}", etag, len(content), 1, 1, 1, 1, 0)
            yield "\t".join(["songs", *map(str, values), "2018-11-30 00:00:00"]) + "\n"


def planning(folder: Path, objects: int) -> Iterator[tuple[str, Run]]:
    """Plan with a warehouse that has loaded almost all of a bucket."""
    lines = folder / "history.tsv"
    with lines.open("w") as file:
        file.writelines(history(objects))
    with bucket(objects + NEW) as environment, redshift_stand_in.running(folder) as stand_in:
        for name in ("DuckDB", "Redshift"):
            (folder / name).mkdir()
            config = configured(folder / name, stand_in if name == "Redshift" else None)
            if name == "DuckDB":
                with duckdb.connect(folder / name / "sparkify.duckdb") as database:
                    database.execute(f"copy load_history from '{lines}' (delimiter '\t', quote '', header false)")
            else:
                with stand_in.postgres() as server, lines.open("rb") as file:
                    server.copy_in("copy load_history from stdin", iter(lambda: file.read(1_000_000), b""))
            run = sparkify("etl", "--dry-run", "--quiet", "--json", "--config", config, environment=environment)
            if (new := sum(map(len, json.loads(run.out)["batches"]))) != NEW + 1:
                raise SystemExit(f"{name} plans {new} objects as new instead of {NEW + 1}")
            yield f"{objects:,} objects loaded and {NEW} new, {name}", run


def answers(folder: Path, rows: int) -> Iterator[tuple[str, Run]]:
    """Ask the stand-in for all rows of a table, in each format."""
    with redshift_stand_in.running(folder) as stand_in:
        config = configured(folder, stand_in)
        with stand_in.postgres() as server:
            server.query(f"create table many_rows ({ROW})")
            server.query(ROWS.format(rows=rows))
        for form in FORMATS:
            output = folder / "answer"
            command = ("query", "select * from many_rows", "--format", form, "--output", output, "--quiet")
            run = sparkify(*command, "--config", config)
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
