"""An S3 server on this machine that checks signatures and rights: ministack, with its IAM and STS."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from itertools import count
from pathlib import Path
from typing import Any

import boto3
import obstore
from botocore.exceptions import ClientError
from obstore.store import S3Store

from redshift_stand_in.ports import HOST, free_port, wait_until_open

ROOT = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
REGION = "us-east-1"

UPLOADS = 8
"""Objects that are put at a time."""

TRUST = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}

LOADER = (
    {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "arn:aws:s3:::*"},
    {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::*/forbidden.json"},
)
"""The rights of a user who may list and read, save objects of one name."""

READER = ({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::*"},)
"""The rights of a user who may only read."""


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
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def endpoint(self) -> str:
        """Its address, for every service."""
        return f"http://{HOST}:{self.port}"

    def client(self, service: str = "s3", **credentials: str) -> Any:
        """A client of boto3, by default with the keys of the account's root."""
        return boto3.client(service, endpoint_url=self.endpoint, region_name=REGION, **(credentials or ROOT))

    @cached_property
    def s3(self) -> Any:
        """A client of S3 that may do anything."""
        return self.client()

    def new_bucket(self) -> str:
        """The name of an empty bucket."""
        name = f"bucket-{next(self._numbers)}"
        self.s3.create_bucket(Bucket=name)
        return name

    def delete_bucket(self, name: str) -> None:
        """Delete a bucket and all of its objects."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=name)
        for keys in [[item["Key"] for item in page.get("Contents", ())] for page in pages]:
            if keys:
                self.s3.delete_objects(Bucket=name, Delete={"Objects": [{"Key": key} for key in keys]})
        self.s3.delete_bucket(Bucket=name)

    def upload(self, folder: Path, bucket: str) -> None:
        """Put every file of a folder under its path below it; three times as fast as boto3 does it."""
        store = S3Store(
            bucket,
            endpoint=self.endpoint,
            region=REGION,
            access_key_id=ROOT["aws_access_key_id"],
            secret_access_key=ROOT["aws_secret_access_key"],
            client_options={"allow_http": True},
        )

        def put(path: Path) -> None:
            obstore.put(store, path.relative_to(folder).as_posix(), path.read_bytes())

        with ThreadPoolExecutor(UPLOADS) as pool:
            list(pool.map(put, (path for path in folder.rglob("*") if path.is_file())))


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
        iam = boto3.client("iam", endpoint_url=f"http://{HOST}:{port}", region_name=REGION, **ROOT)
        server = Server(port, create_user(iam, "loader", *LOADER), create_user(iam, "reader", *READER))
        _require_signatures(server)
        yield server
    finally:
        process.terminate()
        process.wait()


def create_role(iam: Any, name: str, *rights: object) -> str:
    """Create a role that the stand-in may assume, with the statements of its policy; its ARN."""
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_policy(TRUST))
    iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=_policy(*rights))
    return str(role["Role"]["Arn"])


def create_user(iam: Any, name: str, *rights: object) -> Keys:
    """Create a user with the statements of their policy; their keys."""
    iam.create_user(UserName=name)
    iam.put_user_policy(UserName=name, PolicyName="rights", PolicyDocument=_policy(*rights))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return Keys(key["AccessKeyId"], key["SecretAccessKey"])


def _policy(*statements: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _require_signatures(server: Server) -> None:
    """Raise RuntimeError if the server accepts a wrong key: then no test of rights would prove anything."""
    try:
        server.client(aws_access_key_id=server.loader.key, aws_secret_access_key="wrong").list_buckets()
    except ClientError as e:
        if e.response["Error"]["Code"] == "SignatureDoesNotMatch":
            return
        raise
    raise RuntimeError(f"ministack {version('ministack')} checks no signatures; 1.5 or newer does")
