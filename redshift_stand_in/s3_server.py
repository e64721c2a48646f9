"""An S3 server on this machine that checks signatures and rights: ministack, with its IAM and STS."""

from __future__ import annotations

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

LOADER_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "arn:aws:s3:::*"},
        {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::*/forbidden.json"},
    ],
}
READER_POLICY = {
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
    """A running server, the keys of a user who may list and read, and of one who may only read."""

    port: int
    loader: Keys
    reader: Keys

    @property
    def endpoint(self) -> str:
        """Its address, for every service."""
        return f"http://{HOST}:{self.port}"

    def client(self, service: str = "s3", **credentials: str) -> Any:
        """A client of boto3, by default with the keys of the account's root."""
        return boto3.client(service, endpoint_url=self.endpoint, region_name=REGION, **(credentials or ROOT))


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    """A server until the end of the block, with its files and its log in an existing folder.

    Raises:
        RuntimeError: it does not start, or does not check signatures.
    """
    port = free_port()
    environment = {name: text for name, text in os.environ.items() if not name.startswith("AWS_")}
    settings = {"AUTH": "true", "BIND_HOST": HOST, "GATEWAY_PORT": str(port), "TMPDIR": str(folder)}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "ministack"], env=environment | settings, cwd=folder, stdout=log, stderr=log
        )
    try:
        wait_until_open(port, process, folder / "log")
        server = _create_users(port)
        _require_signatures(server)
        yield server
    finally:
        process.terminate()
        process.wait()


def _create_users(port: int) -> Server:
    iam = boto3.client("iam", endpoint_url=f"http://{HOST}:{port}", region_name=REGION, **ROOT)

    def create_user(name: str, policy: object) -> Keys:
        iam.create_user(UserName=name)
        iam.put_user_policy(UserName=name, PolicyName="rights", PolicyDocument=json.dumps(policy))
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return Keys(key["AccessKeyId"], key["SecretAccessKey"])

    return Server(port, create_user("loader", LOADER_POLICY), create_user("reader", READER_POLICY))


def _require_signatures(server: Server) -> None:
    """Raise RuntimeError if the server accepts a wrong key: then no test of rights would prove anything."""
    try:
        server.client(aws_access_key_id=server.loader.key, aws_secret_access_key="wrong").list_buckets()
    except ClientError as e:
        if e.response["Error"]["Code"] == "SignatureDoesNotMatch":
            return
        raise
    raise RuntimeError(f"ministack {version('ministack')} checks no signatures; 1.5 or newer does")
