"""An S3 server on this machine that checks signatures and rights: ministack, which also knows IAM users and roles."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from redshift_stand_in.ports import HOST, free_port, wait_until_open

ROOT = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
REGION = "us-east-1"

LOADER_MAY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "arn:aws:s3:::*"},
        {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::*/forbidden.json"},
    ],
}
READER_MAY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::*"}],
}


@dataclass(frozen=True)
class Keys:
    """The access key of a user."""

    key: str
    secret: str


@dataclass(frozen=True)
class Server:
    """The S3 server, the keys of a user that may list and read, and of one that may only read."""

    port: int
    loader: Keys
    reader: Keys

    @property
    def endpoint(self) -> str:
        return f"http://{HOST}:{self.port}"

    def client(self, service: str = "s3", **credentials: str) -> Any:
        return boto3.client(service, endpoint_url=self.endpoint, region_name=REGION, **(credentials or ROOT))


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """The server, with its files in a folder, until the end of the block."""
    port = free_port()
    environment = {name: text for name, text in os.environ.items() if not name.startswith(("AWS_", "DWH_"))}
    settings = {"AUTH": "true", "BIND_HOST": HOST, "GATEWAY_PORT": str(port), "TMPDIR": str(folder)}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ministack"], env=environment | settings, cwd=folder, stdout=log, stderr=log
        )
    try:
        wait_until_open(port, process, folder / "log")
        yield with_users(port)
    finally:
        process.terminate()
        process.wait()


def with_users(port: int) -> Server:
    iam = boto3.client("iam", endpoint_url=f"http://{HOST}:{port}", region_name=REGION, **ROOT)

    def user(name: str, may: object) -> Keys:
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="may", PolicyDocument=json.dumps(may))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return Keys(key["AccessKeyId"], key["SecretAccessKey"])

    server = Server(port, user("loader", LOADER_MAY), user("reader", READER_MAY))
    require_signatures(server)
    return server


def require_signatures(server: Server) -> None:
    """Raises RuntimeError where the server lets anyone in: nothing would be proved then."""
    try:
        server.client(aws_access_key_id=server.loader.key, aws_secret_access_key="wrong").list_buckets()
    except ClientError as e:
        if e.response["Error"]["Code"] == "SignatureDoesNotMatch":
            return
        raise
    raise RuntimeError(f"ministack {version('ministack')} checks no signatures; 1.5 or newer does")
