"""Count the statements that each command sends to Redshift, on the stand-in, as a Markdown table.

    python bench/statements.py DATA

DATA is a folder with `log_data`, `song_data` and `log_json_path.json`. Its last two logs and its last song are kept
back at first, and delivered in two nights. Two round trips go with each statement, and Redshift compiles each new shape
of one.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from itertools import chain
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from redshift_stand_in.cloud import Cloud  # noqa: E402

WORK = (
    ("create-tables", "create-tables", ()),
    ("create-tables again", "create-tables", ()),
    ("a run of one batch", "etl", ()),
    ("a run with nothing new", "etl", ()),
    ("a night with a new log", "etl", ("log_data",)),
    ("a night with a new log and a new song", "etl", ("log_data", "song_data")),
)
"""What is counted: its name, the command, and the prefixes of which a file that was kept back is delivered before."""

KEPT_BACK = {"log_data": 2, "song_data": 1}
"""Files at the end of a prefix that are not delivered at first."""


def counted(cloud: Cloud, config: Path, command: str) -> list[str]:
    """The statements of a command."""
    cloud.stand_in.forget()
    program = [str(Path(sys.executable).parent / "sparkify"), command, "--quiet", "--config", str(config)]
    environment = os.environ | cloud.environment("worker")
    subprocess.run(program, env=environment, stdout=subprocess.DEVNULL, check=True)
    return cloud.stand_in.statements()


def in_largest_transaction(statements: list[str]) -> int:
    """How many statements the longest transaction has, its begin and commit included."""
    begins = [n for n, sql in enumerate(statements) if sql == "begin"]
    return max((statements.index("commit", n) + 1 - n for n in begins), default=0)


def main(data: Path) -> None:
    """Run the commands one after the other, on the same bucket and database."""
    later = {prefix: sorted((data / prefix).rglob("*.json"))[-count:] for prefix, count in KEPT_BACK.items()}
    with tempfile.TemporaryDirectory() as folder, Cloud.running(Path(folder)) as cloud:
        bucket = cloud.store.new_bucket()
        cloud.store.upload(data, bucket)
        for path in chain.from_iterable(later.values()):
            cloud.store.s3.delete_object(Bucket=bucket, Key=path.relative_to(data).as_posix())
        address, config = f"s3://{bucket}", Path(folder) / "dwh.cfg"
        config.write_text(cloud.configuration(address, cloud.stand_in.database, work=f"{address}/work"))
        config.chmod(0o600)
        print("| work | statements | of them in its longest transaction |", "|---|---|---|", sep="\n")
        for what, command, prefixes in WORK:
            for path in (later[prefix].pop(0) for prefix in prefixes):
                cloud.store.s3.upload_file(str(path), bucket, path.relative_to(data).as_posix())
            statements = counted(cloud, config, command)
            print(f"| {what} | {len(statements)} | {in_largest_transaction(statements)} |", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
