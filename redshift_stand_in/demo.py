"""`make redshift-demo`: the two programs load a sample from an S3 server into the stand-in for Redshift."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from redshift_stand_in.cloud import Cloud

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = (
    ("sparkify", "doctor"),
    ("python", "create_tables.py"),
    ("sparkify", "doctor"),
    ("python", "etl.py"),
    ("python", "etl.py"),
    ("sparkify", "check"),
    ("sparkify", "status"),
    ("sparkify", "query", "totals"),
    ("sparkify", "query", "most_played_songs"),
    ("sparkify", "report", "--output", "{folder}/report.html"),
)


def main(sample: Path) -> int:
    """Run the commands on a bucket with the sample; the first exit code that is not 0.

    The doctor's does not count: before `create_tables.py` it has a complaint.
    """
    with tempfile.TemporaryDirectory() as folder, Cloud.running(Path(folder)) as cloud:
        bucket = cloud.store.new_bucket()
        cloud.store.upload(sample, bucket)
        config = Path(folder) / "dwh.cfg"
        address = f"s3://{bucket}"
        text = cloud.configuration(address, cloud.stand_in.database, work=f"{address}/work")
        config.write_text(text, encoding="utf-8")
        print(config.read_text(encoding="utf-8"))
        environment = os.environ | cloud.environment("worker")
        for program, *arguments in COMMANDS:
            options = [argument.format(folder=folder) for argument in arguments]
            print(f"$ {program} {shlex.join(options)}", flush=True)
            command = [str(Path(sys.executable).parent / program), *options, "--config", str(config)]
            done = subprocess.run(command, cwd=ROOT, env=environment)
            print(flush=True)
            if done.returncode and "doctor" not in arguments:
                return done.returncode
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
