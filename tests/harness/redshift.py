"""A warehouse in Redshift beside its bucket in S3: what `Sparkify` is in DuckDB beside a bucket folder.

Redshift is `redshift_stand_in`, S3 is ministack: both run on this machine.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from harness.in_s3 import InS3
from harness.program import Outcome
from harness.rows import Row
from harness.states import COMPARED, State, select
from redshift_stand_in.cloud import Cloud


@dataclass(frozen=True)
class Access:
    """Who runs the program, as whom Redshift reaches S3, and where the two hand each other files."""

    user: str = "worker"
    role: str = "reader"
    work: str = "work"
    """A prefix of the bucket, or an s3:// address; nothing if there is no such place."""
    cluster: Mapping[str, object] = field(default_factory=dict)
    """Values of [CLUSTER] in place of the right ones."""


class Servers(Cloud):
    """Redshift and S3, in which tests open warehouses."""

    @contextmanager
    def sparkify(self, folder: Path, access: Access, **etl_settings: str | int) -> Iterator["OnRedshift"]:
        """A warehouse with its tables, which is gone at the end of the block; then the servers are as before."""
        with self.stand_in.fresh_database(self.with_tables) as database:
            yield from self._lent(OnRedshift(folder, self, database, access, **etl_settings))

    @contextmanager
    def without_tables(self, folder: Path, access: Access) -> Iterator["OnRedshift"]:
        """The same without its tables."""
        with self.stand_in.fresh_database() as database:
            yield from self._lent(OnRedshift(folder, self, database, access))

    def _lent(self, made: "OnRedshift") -> Iterator["OnRedshift"]:
        try:
            yield made
        finally:
            self.stand_in.disarm()
            self.stand_in.report_loads()
            if not self.stand_in.is_running():
                self.stand_in.restart()
            self.store.delete_bucket(made.bucket_name)

    @cached_property
    def with_tables(self) -> str:
        """A database with the tables that `create-tables` makes: made once for all tests of this process."""
        database = self.stand_in.new_database()
        with TemporaryDirectory() as folder:
            made = OnRedshift(Path(folder) / "sparkify", self, database, Access()).created()
            self.store.delete_bucket(made.bucket_name)
        return database


class OnRedshift(InS3):
    """One warehouse in a database of its own, and a bucket of its own beside it."""

    def __init__(
        self, folder: Path, servers: Servers, database: str, access: Access, **etl_settings: str | int
    ) -> None:
        self.servers, self.stand_in = servers, servers.stand_in
        self.database_name = database
        self.access = access
        super().__init__(folder, servers.store, **etl_settings)
        for prefix in ("song_data", "log_data"):  # as the console of S3 makes folders
            self.put_as_it_is(f"{prefix}/", b"")

    @property
    def engine(self) -> str:
        return "redshift without WORK" if self.reads_prefixes else "redshift"

    @property
    def reads_prefixes(self) -> bool:
        return not self.access.work

    @property
    def environment(self) -> dict[str, str]:
        return self.servers.environment(self.access.user)

    def engine_settings(self) -> list[str]:
        work = self.access.work
        address = f"{self.store}/{work}" if work and "://" not in work else work
        return self.servers.engine_settings(
            self.database_name, work=address, role=self.access.role, **self.access.cluster
        )

    def use(self, **changes: Any) -> None:
        """Change something of the access; the settings of [ETL] are the defaults again."""
        self.access = replace(self.access, **changes)
        self.configure()

    def loaded(self, *options: str) -> Outcome:
        """Run the load, which must succeed and leave nothing of its own in WORK."""
        before = self.keys("work/")
        done = super().loaded(*options)
        assert self.keys("work/") <= before
        return done

    def queries(self, statements: Iterable[str]) -> list[list[Row]]:
        with closing(self.stand_in.connect(self.database_name)) as connection:
            cursor = connection.cursor()
            return [[tuple(row) for row in cursor.execute(sql).fetchall()] for sql in statements]

    def behind(self, statements: Iterable[str]) -> list[list[Row]]:
        """The rows of each of some statements that go past the rules of Redshift, every value as text."""
        with self.stand_in.postgres(self.database_name) as server:
            return [[tuple(row) for row in server.query(sql)] for sql in statements]

    def change(self, *statements: str) -> None:
        self.behind(statements)

    def state(self) -> State:
        """All that two warehouses must hold alike, every value as text; not which run loaded an object."""
        tables = zip(COMPARED, self.behind(map(select, COMPARED)), strict=True)
        return {table: sorted(rows, key=repr) for table, rows in tables}

    def batches(self) -> int:
        """How many batches were committed."""
        [[(batches,)]] = self.behind(["select coalesce(sum(batches), 0) from runs"])
        return int(batches)
