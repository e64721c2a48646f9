"""A warehouse in Redshift beside its bucket in S3: what `conftest.Sparkify` is in DuckDB beside a bucket folder.

Redshift is the stand-in of `tests/redshift`, S3 is ministack: both run on this machine.
"""

import json
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import obstore
import pytest
import redshift
import s3
from conftest import Outcome, Row, Sparkify
from obstore.store import S3Store

ANYONE_IN_THE_ACCOUNT = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
MAY_READ = {"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "arn:aws:s3:::*"}
MAY_WORK = {"Effect": "Allow", "Action": ["s3:PutObject", "s3:DeleteObject"], "Resource": "arn:aws:s3:::*/work/*"}

UPLOADS = 8
"""Objects that are put at a time."""


@dataclass
class Servers:
    """Redshift and S3, the role by which the one reads the other, and the keys of two users who load."""

    stand_in: redshift.StandIn
    store: s3.Server
    role: str
    worker: s3.Keys
    """May also write below `work/`."""
    s3: Any
    """A client that may do anything."""
    _numbers: Iterator[int] = field(default_factory=count)

    @property
    def reader(self) -> s3.Keys:
        """May list and read."""
        return self.store.loader

    @contextmanager
    def sparkify(self, folder: Path, *, has_work: bool, **etl_settings: str | int) -> Iterator["OnRedshift"]:
        """A warehouse with its tables, which is gone at the end of the block."""
        with self.stand_in.fresh_database() as database:
            made = OnRedshift(folder, self, database, has_work=has_work, **etl_settings)
            yield made.created()
            self.delete_bucket(made.bucket_name)

    def new_bucket(self) -> str:
        """The name of an empty bucket."""
        name = f"bucket-{next(self._numbers)}"
        self.s3.create_bucket(Bucket=name)
        return name

    def delete_bucket(self, name: str) -> None:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=name)
        for keys in [[item["Key"] for item in page.get("Contents", ())] for page in pages]:
            if keys:
                self.s3.delete_objects(Bucket=name, Delete={"Objects": [{"Key": key} for key in keys]})
        self.s3.delete_bucket(Bucket=name)

    def upload(self, folder: Path, bucket: str, prefix: str = "") -> None:
        """Put every file of a folder as it is, some at a time: three times as fast as boto3 does it."""
        store = S3Store(
            bucket,
            endpoint=self.store.endpoint,
            region=s3.REGION,
            access_key_id=s3.ROOT["aws_access_key_id"],
            secret_access_key=s3.ROOT["aws_secret_access_key"],
            client_options={"allow_http": True},
        )

        def put(path: Path) -> None:
            obstore.put(store, f"{prefix}{path.relative_to(folder).as_posix()}", path.read_bytes())

        with ThreadPoolExecutor(UPLOADS) as pool:
            list(pool.map(put, (path for path in folder.rglob("*") if path.is_file())))


@contextmanager
def running(folder: Path) -> Iterator[Servers]:
    """Both servers, until the end of the block."""
    for name in ("s3", "redshift"):
        (folder / name).mkdir()
    with (
        s3.running(folder / "s3") as store,
        redshift.running(folder / "redshift", s3_endpoint=store.endpoint) as stand_in,
    ):
        iam = store.client("iam")
        role = iam.create_role(RoleName="redshift", AssumeRolePolicyDocument=policy(ANYONE_IN_THE_ACCOUNT))["Role"]
        iam.put_role_policy(RoleName="redshift", PolicyName="may", PolicyDocument=policy(MAY_READ))
        iam.create_user(UserName="worker")
        iam.put_user_policy(UserName="worker", PolicyName="may", PolicyDocument=policy(MAY_READ, MAY_WORK))
        key = iam.create_access_key(UserName="worker")["AccessKey"]
        worker = s3.Keys(key["AccessKeyId"], key["SecretAccessKey"])
        yield Servers(stand_in, store, role["Arn"], worker, store.client())


def policy(*statements: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


class OnRedshift(Sparkify):
    """One warehouse in a database of its own, and a bucket of its own beside it."""

    def __init__(
        self, folder: Path, servers: Servers, database: str, *, has_work: bool, **etl_settings: str | int
    ) -> None:
        self.servers = servers
        self.database_name = database
        self.has_work = has_work
        self.engine = "redshift" if has_work else "redshift without WORK"
        self.reads_prefixes = not has_work
        self.bucket_name = servers.new_bucket()
        super().__init__(folder, **etl_settings)

    @property
    def store(self) -> str:
        return f"s3://{self.bucket_name}/bucket"

    def engine_settings(self) -> list[str]:
        server = self.servers.stand_in
        return [
            *([f"WORK = s3://{self.bucket_name}/work"] if self.has_work else []),
            *("[IAM_ROLE]", f"ARN = {self.servers.role}"),
            *("[CLUSTER]", f"HOST = {server.host}", f"DB_PORT = {server.port}", f"DB_NAME = {self.database_name}"),
            *(f"DB_USER = {server.user}", f"DB_PASSWORD = {server.password}", "SSLMODE = disable"),
        ]

    def command(self, name: str, *options: str) -> Outcome:
        """Run a command that reads the configuration, with the keys of a user who may do no more than they must."""
        keys = self.servers.worker if self.has_work else self.servers.reader
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("AWS_ENDPOINT_URL", self.servers.store.endpoint)
            patch.setenv("AWS_ACCESS_KEY_ID", keys.key)
            patch.setenv("AWS_SECRET_ACCESS_KEY", keys.secret)
            return super().command(name, *options)

    def put_as_it_is(self, key: str, content: bytes) -> None:
        self.servers.s3.put_object(Bucket=self.bucket_name, Key=f"bucket/{key}", Body=content)

    def put_all(self, folder: Path) -> None:
        self.servers.upload(folder, self.bucket_name, "bucket/")

    def remove(self, key: str) -> None:
        self.servers.s3.delete_object(Bucket=self.bucket_name, Key=f"bucket/{key}")

    def loaded(self) -> Outcome:
        """Run the load, which must succeed and leave nothing in WORK."""
        done = super().loaded()
        assert "Contents" not in self.servers.s3.list_objects_v2(Bucket=self.bucket_name, Prefix="work/")
        return done

    def queries(self, statements: Iterable[str]) -> list[list[Row]]:
        with closing(self.servers.stand_in.connect(self.database_name)) as connection:
            cursor = connection.cursor()
            return [[tuple(row) for row in cursor.execute(sql).fetchall()] for sql in statements]
