"""The record of every statement that arrives, and the faults that a test orders: both are files in one folder.

`statements` holds one JSON object a line. `fault` holds the fault that is armed; it is looked at before each statement.
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

What = Literal["drop", "kill", "error"]
When = Literal["before", "during", "after"]


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong at the n-th statement that arrives after it was armed.

    `drop` ends the client's connection, `kill` the server process, `error` answers with an error. `during` is within a
    COPY when half of its rows are with PostgreSQL, and of any other statement when PostgreSQL has it and nobody waits
    for its answer; `after` is when it is done, and committed if it commits, and the client has not been told.
    """

    what: What
    nth: int = 1
    when: When = "before"
    matching: str = ""
    """A regular expression: only the statements in which it is found are counted."""
    times: int = 1
    """How many statements it strikes, from the n-th on."""
    sqlstate: str = "XX000"
    message: str = ""
    detail: str = ""

    def __post_init__(self) -> None:
        if self.what == "error" and self.when != "before":
            raise ValueError("an error is answered before the statement runs")

    def strike(self) -> NoReturn:
        """Let it happen.

        Raises:
            HangUp: the client's connection is to be dropped.
            SqlError: the error that was ordered.
        """
        if self.what == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        if self.what == "error":
            raise SqlError(self.sqlstate, self.message, self.detail)
        raise HangUp


class Folder:
    """The files through which the server and a test speak of statements and faults."""

    def __init__(self, path: Path) -> None:
        self._statements = path / "statements"
        self._fault = path / "fault"

    def arm(self, fault: Fault | None) -> None:
        """Order a fault, in place of any before; None takes it back."""
        new = self._fault.with_suffix(".new")
        new.write_text(json.dumps(asdict(fault) if fault else None), encoding="utf-8")
        new.replace(self._fault)

    def statements(self) -> list[dict[str, object]]:
        """Every statement that arrived, the oldest first."""
        if not self._statements.exists():
            return []
        return [json.loads(line) for line in self._statements.read_text(encoding="utf-8").splitlines()]

    def forget(self) -> None:
        """Begin the record of statements anew."""
        self._statements.unlink(missing_ok=True)


class Watch:
    """The server's end: notes each statement, and says whether a fault is due."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = Lock()
        self._seen = 0
        self._fault: Fault | None = None
        self._version = (0, 0)
        self._met = 0

    def meet(self, session: int, database: str, sql: str) -> Fault | None:
        """Note a statement; the fault that it meets."""
        with self._lock:
            self._look()
            self._seen += 1
            note = {"number": self._seen, "session": session, "database": database, "sql": sql}
            with (self._path / "statements").open("a", encoding="utf-8") as record:
                record.write(json.dumps(note) + "\n")
            fault = self._fault
            if fault is None or not re.search(fault.matching, sql, re.IGNORECASE):
                return None
            self._met += 1
            return fault if fault.nth <= self._met < fault.nth + fault.times else None

    def _look(self) -> None:
        try:
            file = (self._path / "fault").stat()
        except FileNotFoundError:
            return
        version = (file.st_mtime_ns, file.st_ino)
        if version != self._version:
            self._version, self._met = version, 0
            armed = json.loads((self._path / "fault").read_text(encoding="utf-8"))
            self._fault = Fault(**armed) if armed else None
