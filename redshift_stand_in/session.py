"""A client that is logged in: its messages go to PostgreSQL one at a time, and the answers back.

What Redshift does otherwise than PostgreSQL is done here or called from here: the gate, the lock of a table that is
written, COPY and UNLOAD, TRUNCATE's commit, NUMERIC, and the words of errors.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from redshift_stand_in import gate, unload_request
from redshift_stand_in.copy import Copy, Outcome, no_table
from redshift_stand_in.copy import Session as CopySession
from redshift_stand_in.copy_request import request
from redshift_stand_in.gate import Statement
from redshift_stand_in.unload import Unload
from redshift_stand_in.wire import (
    NUMERIC,
    Column,
    HangUp,
    Postgres,
    SqlError,
    Stream,
    columns,
    cstring,
    data_row,
    numeric_as_text,
    row_description,
    row_values,
    scaled_integer,
)

if TYPE_CHECKING:
    from redshift_stand_in.faults import Fault
    from redshift_stand_in.server import Server

VERSION = "8.0.2"
FULL_VERSION = f"PostgreSQL {VERSION} on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2, Redshift 1.0.0 (stand-in)"


REDEFINING = frozenset({"create table", "create table as", "drop table"})
"""After these a name may mean another table: a temporary one goes before a permanent one of its name."""

NOTHING = Outcome(-1, 0)


@dataclass(frozen=True)
class Outcomes:
    """What a session knows of its last COPY and its last UNLOAD."""

    copy: Outcome = NOTHING
    unload: Outcome = NOTHING


@dataclass
class Prepared:
    """A statement that the client has prepared."""

    text: str
    statement: Statement
    types: bytes
    columns: list[Column] = field(default_factory=list)

    @property
    def is_local(self) -> bool:
        """Whether PostgreSQL never sees it."""
        return self.statement.command in ("copy", "unload", "vacuum", "nothing")


class Session:
    """A client that is logged in: its messages go to PostgreSQL one at a time, and the answers back."""

    def __init__(self, server: Server, client: Stream, postgres: Postgres, protocol: int, database: str) -> None:
        self._server = server
        self._client = client
        self._postgres = postgres
        self._protocol = protocol
        self._database = database
        self._id = struct.unpack_from("!i", postgres.key)[0]
        self._prepared: dict[str, Prepared] = {}
        self._portals: dict[str, Prepared] = {}
        self._skipping = False
        """After an error the client's messages are skipped up to the next Sync."""
        self._postgres_failed = False
        """Whether PostgreSQL does the same, because the error was its own."""
        self._locked: set[str] = set()
        self._last_query = -1
        self._last = self._committed = Outcomes()

    def __enter__(self) -> Session:
        settings = self._postgres.settings | {
            "server_version": VERSION,
            "server_protocol_version": str(self._protocol),
        }
        self._client.put(b"R", struct.pack("!i", 0))
        for name, value in settings.items():
            self._client.put(b"S", cstring(name) + cstring(value))
        self._client.put(b"K", self._postgres.key)
        self._client.put(b"Z", self._postgres.status)
        return self

    def __exit__(self, *_: object) -> None:
        self._postgres.close()
        self._client.close()

    def run(self) -> None:
        """Serve the client until it leaves.

        Raises:
            HangUp: it left without a word, or its connection is to be dropped.
        """
        take = {
            b"P": self._parse, b"D": self._describe, b"B": self._bind, b"E": self._execute, b"C": self._close,
            b"S": self._sync, b"H": self._flush,
        }  # fmt: skip
        self._client.flush()
        while (message := self._client.read())[0] != b"X":
            kind, body = message
            if kind not in take:  # the driver sends no other
                raise HangUp
            if self._skipping and kind != b"S":
                continue
            try:
                take[kind](body)
            except SqlError as e:
                self._fail(e)

    def _fail(self, error: SqlError) -> None:
        """Tell the client of an error, and let it end the transaction if PostgreSQL did not raise it."""
        if self._postgres.status == b"T" and not self._postgres_failed:
            with suppress(SqlError):
                self._postgres.query("fail")
        self._client.put(b"E", in_redshift_words(error, self._id).body())
        self._client.flush()
        self._skipping = True

    def _ask(self, kind: bytes, body: bytes, *last: bytes) -> list[tuple[bytes, bytes]]:
        """PostgreSQL's answer to one message, up to one of the kinds that end it.

        Raises:
            SqlError: it is an error.
        """
        self._postgres.put(kind, body)
        self._postgres.put(b"H")
        self._postgres.flush()
        return self._answer(*last)

    def _answer(self, *last: bytes) -> list[tuple[bytes, bytes]]:
        answer = []
        while True:
            kind, body = self._postgres.read()
            if kind == b"E":
                self._postgres_failed = True
                raise SqlError.read(body)
            answer.append((kind, body))
            if kind in last:
                return answer

    # The messages of the client.

    def _parse(self, body: bytes) -> None:
        name, text, types = body.split(b"\0", 2)
        judged = gate.judged(text.decode())
        if isinstance(judged, SqlError):
            self._server.watch.meet(self._id, self._database, text.decode())
            raise judged
        prepared = Prepared(text.decode(), judged, types)
        if not prepared.is_local:
            self._lock(judged)
            self._prepare(name, prepared)
        self._prepared[name.decode()] = prepared
        self._client.put(b"1")

    def _prepare(self, name: bytes, prepared: Prepared) -> None:
        sql = self._filled(prepared.statement)
        self._ask(b"P", name + b"\0" + cstring(sql) + prepared.types, b"1")

    def _filled(self, statement: Statement) -> str:
        if not statement.is_late:
            return statement.sql
        values = {
            "pg_last_copy_id": self._last.copy.query_id,
            "pg_last_copy_count": self._last.copy.rows,
            "pg_last_unload_id": self._last.unload.query_id,
            "pg_last_unload_count": self._last.unload.rows,
            "pg_last_query_id": self._last_query,
            "version": FULL_VERSION,
        }
        names = "|".join(values)
        return re.sub(rf"\{{({names})\}}", lambda found: f"{found[1]}('{values[found[1]]}')", statement.sql)

    def _describe(self, body: bytes) -> None:
        name = body[1:-1].decode()
        prepared = (self._prepared if body[:1] == b"S" else self._portals)[name]
        if prepared.is_local:
            self._client.put(b"t", b"\0\0")
            self._client.put(b"n")
            return
        for kind, answer in self._ask(b"D", body, b"T", b"n"):
            if kind == b"T":
                prepared.columns = columns(answer)
                answer = row_description(prepared.columns, self._protocol)
            self._client.put(kind, answer)

    def _bind(self, body: bytes) -> None:
        portal, name, rest = body.split(b"\0", 2)
        prepared = self._portals[portal.decode()] = self._prepared[name.decode()]
        if not prepared.is_local:
            if prepared.statement.is_late:
                self._ask(b"C", b"S" + name + b"\0", b"3")
                self._prepare(name, prepared)
            self._lock(prepared.statement)
            self._ask(b"B", portal + b"\0" + name + b"\0" + numeric_as_text(rest, prepared.columns), b"2")
        self._client.put(b"2")

    def _execute(self, body: bytes) -> None:
        prepared = self._portals[body.split(b"\0")[0].decode()]
        fault = self._server.watch.meet(self._id, self._database, prepared.text)
        if fault and fault.when == "before":
            fault.strike()
        self._last_query = next(self._server.query_ids)
        during = fault if fault and fault.when == "during" else None
        if prepared.is_local:
            self._run_here(prepared.statement, during)
        else:
            self._run_there(prepared, body, during)
        if fault and fault.when == "after":
            self._end_exchange()
            fault.strike()

    def _run_there(self, prepared: Prepared, body: bytes, during: Fault | None) -> None:
        """Have PostgreSQL run a statement that is bound, and hand on its rows."""
        if during:
            self._postgres.put(b"E", body)
            self._postgres.put(b"S")
            self._postgres.flush()
            during.strike()
        for kind, answer in self._ask(b"E", body, b"C", b"I", b"s"):
            self._client.put(kind, self._answered(kind, answer, prepared))
        if prepared.statement.command in REDEFINING:
            self._locked.clear()
        if prepared.statement.command == "truncate" and self._postgres.status == b"T":  # DG r_TRUNCATE
            self._postgres.query("commit")

    def _answered(self, kind: bytes, answer: bytes, prepared: Prepared) -> bytes:
        """A message of PostgreSQL's as Redshift sends it."""
        if kind == b"C" and answer.startswith(b"ROLLBACK"):
            self._last = self._committed
        if kind == b"C" and answer.startswith(b"SELECT "):
            return b"SELECT\0"
        if kind == b"D" and self._protocol >= 2 and any(column.type == NUMERIC for column in prepared.columns):
            values = zip(row_values(answer), prepared.columns, strict=True)
            return data_row([scaled_integer(v, c.scale) if v and c.type == NUMERIC else v for v, c in values])
        return answer

    def _run_here(self, statement: Statement, during: Fault | None) -> None:
        if self._postgres.status == b"E":
            raise SqlError("25P02", "current transaction is aborted, commands ignored until end of transaction block")
        if statement.command == "copy":
            self._copy(statement, during)
        elif statement.command == "unload":
            self._unload(statement, during)
        elif statement.command == "vacuum" and self._postgres.status != b"I":
            raise SqlError("25001", "VACUUM cannot run inside a transaction block")
        self._client.put(b"C", cstring(statement.tokens[0].upper()))

    def _end_exchange(self) -> None:
        self._postgres.put(b"S")
        self._postgres.flush()
        self._postgres.finish()

    def _close(self, body: bytes) -> None:
        name = body[1:-1].decode()
        known = self._prepared if body[:1] == b"S" else self._portals
        prepared = known.pop(name, None)
        if prepared and not prepared.is_local:
            self._ask(b"C", body, b"3")
        self._client.put(b"3")

    def _sync(self, _: bytes) -> None:
        self._skipping = self._postgres_failed = False
        try:
            self._end_exchange()
        except SqlError as e:  # a commit that fails, of a statement outside of a transaction
            self._client.put(b"E", in_redshift_words(e, self._id).body())
        if self._postgres.status == b"I":
            self._locked.clear()
            self._committed = self._last
        self._client.put(b"Z", self._postgres.status)
        self._client.flush()

    def _flush(self, _: bytes) -> None:
        self._client.flush()

    # What the stand-in does itself.

    def _lock(self, statement: Statement) -> None:
        """Take the lock by which Redshift lets one transaction at a time write a table (DG c_write_readwrite)."""
        if statement.written and self._postgres.status == b"T" and statement.written not in self._locked:
            if self._postgres.query("show transaction_read_only") == [["on"]]:
                raise read_only()
            try:
                self._postgres.query(f"lock table {statement.written} in share row exclusive mode")
            except SqlError as e:
                if statement.command == "copy" and e.fields["C"] == "42P01":
                    raise no_table(statement.written) from e
                raise
            self._locked.add(statement.written)

    def _copy(self, statement: Statement, during: Fault | None) -> None:
        self._lock(statement)
        copy = Copy(self._told, request(statement.tokens), self._last_query)
        try:
            copy.run(during)
        finally:
            self._last = replace(self._last, copy=copy.outcome or self._last.copy)
        self._inform(copy.notices)

    def _unload(self, statement: Statement, during: Fault | None) -> None:
        unload = Unload(self._told, unload_request.request(statement.tokens), self._last_query)
        try:
            unload.run(self._filled(statement), during)
        finally:
            self._last = replace(self._last, unload=unload.outcome or self._last.unload)
        self._inform(unload.notices)

    @property
    def _told(self) -> CopySession:
        return CopySession(self._server.account, self._server.log, self._postgres, self._id, self._database)

    def _inform(self, notices: Iterable[str]) -> None:
        for notice in notices:
            self._client.put(b"N", SqlError("00000", notice, severity="INFO").body())


def read_only() -> SqlError:
    return SqlError("25006", "transaction is read-only")


def in_redshift_words(error: SqlError, session: int) -> SqlError:
    """PostgreSQL's error as Redshift words it, where the program can meet it."""
    fields = error.fields
    code, message = fields["C"], fields["M"]
    if code == "23514" and (found := re.match(r"bytes_(\d+)_", fields.get("n", ""))):
        return SqlError("22001", f"value too long for type character varying({found[1]})")
    if code == "25006":
        return read_only()
    if code == "42501":
        return SqlError(code, re.sub(r"(?<=permission denied for )(table|view)", "relation", message))
    if code == "23502":
        return SqlError(code, f"Cannot insert a NULL value into column {fields.get('c', '')}")
    if code == "40001":
        detail = (
            f"Serializable isolation violation on table - 0, transactions forming the cycle are: 0, 0 (pid:{session})"
        )
        return SqlError("XX000", "1023", detail)
    return SqlError(code, message, fields.get("D", ""), fields["S"], **{k: fields[k] for k in "HP" if k in fields})
