"""The log of every statement that arrives, and the faults that a test arms: both are files in one folder.

`statements` holds one JSON object a line. `fault` holds the armed fault; the server reads it before each statement.
"""

from __future__ import annotations

import json
import os
import re
import signal
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock
from typing import Literal, NoReturn

from redshift_stand_in.wire import HangUp, SqlError

Action = Literal["drop", "kill", "error"]
When = Literal["before", "during", "after"]


@dataclass(frozen=True)
class Fault:
    """A failure at the n-th statement that arrives after it was armed.

    `drop` ends the client's connection, `kill` the server process, `error` answers with an error. `during` is within a
    COPY when PostgreSQL has half of its rows, within an UNLOAD when half of its files are written, and with any other
    statement when PostgreSQL has it and nobody waits for its answer. `after` is when the statement is done, and
    committed if it commits, and the client has no answer yet.
    """

    action: Action
    nth: int = 1
    when: When = "before"
    matching: str = ""
    """A regular expression: only statements that it matches are counted."""
    times: int = 1
    """The number of statements that it strikes, from the n-th on."""
    sqlstate: str = "XX000"
    message: str = ""
    detail: str = ""

    def __post_init__(self) -> None:
        if self.action == "error" and self.when != "before":
            raise ValueError("an error is answered before the statement runs")

    def strike(self) -> NoReturn:
        """Fail as ordered.

        Raises:
            HangUp: the session must drop the client's connection.
            SqlError: the ordered error.
        """
        if self.action == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.action == "error":
            raise SqlError(self.sqlstate, self.message, self.detail)
        raise HangUp


@dataclass(frozen=True)
class LoadReports:
    """What COPY reports of bad records, where a test wants it otherwise than right."""

    delay: float | None = 0.0
    """Seconds until SYS_LOAD_ERROR_DETAIL shows the errors of a COPY; None if it never does."""
    more_refused: int = 0
    """How many records more than it refused COPY says that it refused."""
    more_loaded: int = 0
    """The same of those that it loaded."""


class ControlFiles:
    """The test's side of the folder: it arms faults and reads the log of statements."""

    def __init__(self, folder: Path) -> None:
        self._statements = folder / "statements"
        self._fault = folder / "fault"
        self._reports = folder / "load_reports"

    def report(self, reports: LoadReports) -> None:
        """Make each further COPY report so."""
        new = self._reports.with_suffix(".new")
        new.write_text(json.dumps(asdict(reports)), encoding="utf-8")
        new.replace(self._reports)

    def arm(self, fault: Fault | None) -> None:
        """Arm a fault in place of the one before; None disarms it."""
        new = self._fault.with_suffix(".new")
        new.write_text(json.dumps(asdict(fault) if fault else None), encoding="utf-8")
        new.replace(self._fault)

    def statements(self) -> list[dict[str, object]]:
        """Every statement that arrived since `forget`, the oldest first: number, session, database, sql."""
        if not self._statements.exists():
            return []
        return [json.loads(line) for line in self._statements.read_text(encoding="utf-8").splitlines()]

    def forget(self) -> None:
        """Empty the log of statements."""
        self._statements.unlink(missing_ok=True)


class Monitor:
    """The server's side of the folder: it logs each statement and finds the fault that is due."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = Lock()
        self._number = 0
        self._fault: Fault | None = None
        self._fault_version = (0, 0)
        self._matched = 0
        """Statements that matched the fault since it was armed."""

    def log(self, session: int, database: str, sql: str) -> Fault | None:
        """Log a statement; the fault that strikes it, if one does."""
        with self._lock:
            self._read_fault()
            self._number += 1
            entry = {"number": self._number, "session": session, "database": database, "sql": sql}
            with (self._folder / "statements").open("a", encoding="utf-8") as file:
                file.write(json.dumps(entry) + "\n")
            fault = self._fault
            if fault is None or not re.search(fault.matching, sql, re.IGNORECASE):
                return None
            self._matched += 1
            return fault if fault.nth <= self._matched < fault.nth + fault.times else None

    def load_reports(self) -> LoadReports:
        """How a COPY must report."""
        path = self._folder / "load_reports"
        return LoadReports(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else LoadReports()

    def _read_fault(self) -> None:
        path = self._folder / "fault"
        try:
            status = path.stat()
        except FileNotFoundError:
            return
        version = (status.st_mtime_ns, status.st_ino)
        if version != self._fault_version:
            self._fault_version, self._matched = version, 0
            armed = json.loads(path.read_text(encoding="utf-8"))
            self._fault = Fault(**armed) if armed else None
