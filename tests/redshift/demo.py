"""The Redshift path on this machine: the two programs load a sample from an S3 server into the stand-in for Redshift.

make redshift-demo
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import s3

import redshift
from redshift import StandIn

ROOT = Path(__file__).resolve().parents[2]
COMMANDS = (
    ("sparkify", "doctor"),
    ("python", "create_tables.py"),
    ("sparkify", "doctor"),
    ("python", "etl.py"),
    ("python", "etl.py"),
    ("sparkify", "check"),
    ("sparkify", "query", "most_played_songs"),
)


def main(sample: Path) -> int:
    """Run the commands on a bucket that holds the sample; the first exit code that is not 0, but for the doctor's."""
    with tempfile.TemporaryDirectory() as folder, servers(Path(folder)) as (store, stand_in):
        upload(store, "sparkify", sample)
        config = Path(folder) / "dwh.cfg"
        config.write_text(configuration(stand_in, role(store), "sparkify"), encoding="utf-8")
        print(f"{config.read_text(encoding='utf-8')}")
        environment = os.environ | keys(store)
        for program, *arguments in COMMANDS:
            print(f"$ {program} {' '.join(arguments)}", flush=True)
            command = [str(Path(sys.executable).parent / program), *arguments, "--config", str(config)]
            done = subprocess.run(command, cwd=ROOT, env=environment)
            print(flush=True)
            if done.returncode and "doctor" not in arguments:
                return done.returncode
    return 0


@contextmanager
def servers(folder: Path) -> Iterator[tuple[s3.Server, StandIn]]:
    """An S3 server and a stand-in that reads from it, with their data in a folder, until the end of the block."""
    for name in ("s3", "redshift"):
        (folder / name).mkdir()
    with (
        s3.running(folder / "s3") as store,
        redshift.running(folder / "redshift", s3_endpoint=store.endpoint) as stand_in,
    ):
        yield store, stand_in


def role(store: s3.Server) -> str:
    """The ARN of a role that the stand-in may assume, and that may read everything."""
    iam = store.client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "redshift.amazonaws.com"}, "Action": "sts:AssumeRole"}
    may = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "arn:aws:s3:::*"}
    made = iam.create_role(RoleName="copy", AssumeRolePolicyDocument=_policy(trust))
    iam.put_role_policy(RoleName="copy", PolicyName="may", PolicyDocument=_policy(may))
    return str(made["Role"]["Arn"])


def _policy(statement: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def upload(store: s3.Server, bucket: str, folder: Path) -> None:
    """Put every file of a folder into a new bucket."""
    client = store.client()
    client.create_bucket(Bucket=bucket)

    def put(path: Path) -> None:
        client.put_object(Bucket=bucket, Key=path.relative_to(folder).as_posix(), Body=path.read_bytes())

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(put, filter(Path.is_file, folder.rglob("*"))))


def configuration(stand_in: StandIn, role: str, bucket: str) -> str:
    """A dwh.cfg for a bucket and the stand-in."""
    return f"""[CLUSTER]
HOST = {stand_in.host}
DB_PORT = {stand_in.port}
DB_NAME = {stand_in.database}
DB_USER = {stand_in.user}
DB_PASSWORD = {stand_in.password}
SSLMODE = disable

[IAM_ROLE]
ARN = {role}

[S3]
LOG_DATA = s3://{bucket}/log_data
LOG_JSONPATH = s3://{bucket}/log_json_path.json
SONG_DATA = s3://{bucket}/song_data
WORK = s3://{bucket}/work
"""


def keys(store: s3.Server) -> dict[str, str]:
    """The variables by which a program finds the S3 server and may use it."""
    return {
        "AWS_ENDPOINT_URL": store.endpoint,
        "AWS_ACCESS_KEY_ID": s3.ROOT["aws_access_key_id"],
        "AWS_SECRET_ACCESS_KEY": s3.ROOT["aws_secret_access_key"],
        "AWS_DEFAULT_REGION": s3.REGION,
    }


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
