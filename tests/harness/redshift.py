"""A warehouse in Redshift beside its bucket in S3: what `conftest.Sparkify` is in DuckDB beside a bucket folder.

Redshift is `redshift_stand_in`, S3 is ministack: both run on this machine.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from harness.program import Outcome
from harness.rows import Row
from harness.warehouse import Sparkify
from redshift_stand_in import s3_server
from redshift_stand_in.cloud import Cloud


class Servers(Cloud):
    """Redshift and S3, in which tests open warehouses."""

    @property
    def worker(self) -> s3_server.Keys:
        """The keys of a user who may list and read, and write below `work/`."""
        return self.users["worker"]

    @contextmanager
    def sparkify(self, folder: Path, *, has_work: bool, **etl_settings: str | int) -> Iterator["OnRedshift"]:
        """A warehouse with its tables, which is gone at the end of the block."""
        with self.stand_in.fresh_database(self._with_tables) as database:
            made = OnRedshift(folder, self, database, has_work=has_work, **etl_settings)
            yield made
            self.delete_bucket(made.bucket_name)

    @cached_property
    def _with_tables(self) -> str:
        """A database with the tables that `create-tables` makes: made once for all tests of this process."""
        database = self.stand_in.new_database()
        with TemporaryDirectory() as folder:
            made = OnRedshift(Path(folder) / "sparkify", self, database, has_work=True).created()
            self.delete_bucket(made.bucket_name)
        return database

    def delete_bucket(self, name: str) -> None:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=name)
        for keys in [[item["Key"] for item in page.get("Contents", ())] for page in pages]:
            if keys:
                self.s3.delete_objects(Bucket=name, Delete={"Objects": [{"Key": key} for key in keys]})
        self.s3.delete_bucket(Bucket=name)


running = Servers.running


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
        for prefix in ("song_data", "log_data"):  # as the console of S3 makes folders
            self.put_as_it_is(f"{prefix}/", b"")

    @property
    def store(self) -> str:
        return f"s3://{self.bucket_name}/bucket"

    def engine_settings(self) -> list[str]:
        work = f"s3://{self.bucket_name}/work" if self.has_work else ""
        return self.servers.engine_settings(self.database_name, work=work)

    def command(self, name: str, *options: str) -> Outcome:
        """Run a command that reads the configuration, with the keys of a user who may do no more than they must."""
        with pytest.MonkeyPatch.context() as patch:
            for variable, value in self.servers.environment("worker" if self.has_work else "reader").items():
                patch.setenv(variable, value)
            return super().command(name, *options)

    def put_as_it_is(self, key: str, content: bytes) -> None:
        self.servers.s3.put_object(Bucket=self.bucket_name, Key=f"bucket/{key}", Body=content)

    def put_all(self, folder: Path) -> None:
        self.servers.upload(folder, self.bucket_name, "bucket/")

    def remove(self, key: str) -> None:
        self.servers.s3.delete_object(Bucket=self.bucket_name, Key=f"bucket/{key}")

    def loaded(self, *options: str) -> Outcome:
        """Run the load, which must succeed and leave nothing in WORK."""
        done = super().loaded(*options)
        assert "Contents" not in self.servers.s3.list_objects_v2(Bucket=self.bucket_name, Prefix="work/")
        return done

    def queries(self, statements: Iterable[str]) -> list[list[Row]]:
        with closing(self.servers.stand_in.connect(self.database_name)) as connection:
            cursor = connection.cursor()
            return [[tuple(row) for row in cursor.execute(sql).fetchall()] for sql in statements]
