"""A client that is logged in: its messages go to PostgreSQL one at a time, and the answers back.

Where Redshift differs from PostgreSQL, this module does it or calls the module that does: the gate, the lock of a table
that is written, COPY and UNLOAD, TRUNCATE's commit, NUMERIC, and the words of errors.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from contextlib import suppress

from redshift_stand_in import copy_request, gate, unload_request
from redshift_stand_in.cluster import Cluster
from redshift_stand_in.copy import Copy
from redshift_stand_in.cursors import Cursors
from redshift_stand_in.error_words import in_redshift_words, no_bound_row_count
from redshift_stand_in.faults import Fault
from redshift_stand_in.gate import Statement
from redshift_stand_in.locks import REDEFINING, TableLocks
from redshift_stand_in.prepared import Prepared
from redshift_stand_in.session_values import VERSION, SessionValues
from redshift_stand_in.syntax import unsupported
from redshift_stand_in.transfer import Context
from redshift_stand_in.unload import Unload
from redshift_stand_in.wire import (
    NUMERIC,
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


class Session:
    """A client that is logged in. As a context manager it greets the client, and closes both connections at the end."""

    def __init__(self, cluster: Cluster, client: Stream, postgres: Postgres, protocol: int, database: str) -> None:
        self._cluster = cluster
        self._client = client
        self._postgres = postgres
        self._protocol = protocol
        self._database = database
        self._id = struct.unpack_from("!i", postgres.key)[0]
        self._prepared: dict[str, Prepared] = {}
        self._portals: dict[str, Prepared] = {}
        self._skips_to_sync = False
        """After an error the client's messages are skipped up to the next Sync."""
        self._postgres_skips = False
        """Whether PostgreSQL skips them too, because the error was its own."""
        self._locks = TableLocks(postgres)
        self._values = SessionValues()
        self._cursors = Cursors()

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
        """Serve the client until it ends the session.

        Raises:
            HangUp: it ended the connection instead, or a fault must end it.
        """
        handlers = {
            b"P": self._parse, b"D": self._describe, b"B": self._bind, b"E": self._execute, b"C": self._close,
            b"S": self._sync, b"H": self._flush,
        }  # fmt: skip
        self._client.flush()
        while (message := self._client.read())[0] != b"X":
            kind, body = message
            if kind not in handlers:  # the driver sends no other
                raise HangUp
            if self._skips_to_sync and kind != b"S":
                continue
            try:
                handlers[kind](body)
            except SqlError as e:
                self._fail(e)

    def _fail(self, error: SqlError) -> None:
        """Send the client an error; if it is not PostgreSQL's own, make PostgreSQL's transaction fail too."""
        if self._postgres.status == b"T" and not self._postgres_skips:
            with suppress(SqlError):
                self._postgres.query("fail")
        self._client.put(b"E", in_redshift_words(error, self._id).body())
        self._client.flush()
        self._skips_to_sync = True

    def _ask(self, kind: bytes, body: bytes, *last: bytes) -> list[tuple[bytes, bytes]]:
        """PostgreSQL's answer to one message, up to a message of one of the kinds in `last`.

        Raises:
            SqlError: it is an error.
        """
        self._postgres.put(kind, body)
        self._postgres.put(b"H")
        self._postgres.flush()
        answer = []
        while True:
            kind, body = self._postgres.read()
            if kind == b"E":
                self._postgres_skips = True
                raise SqlError.read(body)
            answer.append((kind, body))
            if kind in last:
                return answer

    # The messages of the client.

    def _parse(self, body: bytes) -> None:
        name, text, types = body.split(b"\0", 2)
        statement = gate.check(text.decode())
        if isinstance(statement, SqlError):
            self._cluster.monitor.log(self._id, self._database, text.decode())
            raise statement
        prepared = Prepared(text.decode(), statement, types)
        if prepared.has_bound_row_count:
            raise no_bound_row_count(self._values.last_query_id, self._id)
        if not prepared.is_local:
            self._refuse_view_of_temporary_table(statement)
            self._locks.take(statement)
            self._prepare(name, prepared)
        self._prepared[name.decode()] = prepared
        self._client.put(b"1")

    def _prepare(self, name: bytes, prepared: Prepared) -> None:
        sql = self._values.fill(prepared.statement)
        self._ask(b"P", name + b"\0" + cstring(sql) + prepared.types, b"1")

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
            if prepared.statement.has_placeholders:
                self._ask(b"C", b"S" + name + b"\0", b"3")
                self._prepare(name, prepared)
            self._locks.take(prepared.statement)
            self._ask(b"B", portal + b"\0" + name + b"\0" + numeric_as_text(rest, prepared.columns), b"2")
        self._client.put(b"2")

    def _execute(self, body: bytes) -> None:
        prepared = self._portals[body.split(b"\0")[0].decode()]
        fault = self._cluster.monitor.log(self._id, self._database, prepared.text)
        if fault and fault.when == "before":
            fault.strike()
        self._values.last_query_id = next(self._cluster.query_ids)
        self._cursors.require(prepared.statement.command, in_transaction=self._postgres.status != b"I")
        during = fault if fault and fault.when == "during" else None
        if prepared.is_local:
            self._run_here(prepared.statement, during)
        else:
            self._run_in_postgres(prepared, body, during)
        if fault and fault.when == "after":
            self._end_exchange()
            fault.strike()

    def _run_in_postgres(self, prepared: Prepared, body: bytes, during: Fault | None) -> None:
        """Have PostgreSQL run a statement that is bound, and pass on its rows."""
        if during:
            self._postgres.put(b"E", body)
            self._postgres.put(b"S")
            self._postgres.flush()
            during.strike()
        for kind, answer in self._ask(b"E", body, b"C", b"I", b"s"):
            self._client.put(kind, self._as_redshift_sends(kind, answer, prepared))
        self._cursors.note(prepared.statement.command, prepared.statement.tokens)
        if prepared.statement.command in REDEFINING:
            self._locks.forget()
        if prepared.statement.command == "truncate" and self._postgres.status == b"T":  # DG r_TRUNCATE
            self._postgres.query("commit")

    def _as_redshift_sends(self, kind: bytes, body: bytes, prepared: Prepared) -> bytes:
        """The body of a message of PostgreSQL, as Redshift sends it."""
        if kind == b"C" and body.startswith(b"ROLLBACK"):
            self._values.rollback()
        if kind == b"C" and body.startswith(b"SELECT "):
            return b"SELECT\0"
        if kind == b"D" and self._protocol >= 2 and any(column.type == NUMERIC for column in prepared.columns):
            values = zip(row_values(body), prepared.columns, strict=True)
            return data_row([scaled_integer(v, c.scale) if v and c.type == NUMERIC else v for v, c in values])
        return body

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
        self._skips_to_sync = self._postgres_skips = False
        try:
            self._end_exchange()
        except SqlError as e:  # the commit of a statement outside of a transaction fails
            self._client.put(b"E", in_redshift_words(e, self._id).body())
        if self._postgres.status == b"I":
            self._locks.forget()
            self._cursors.forget()
            self._values.commit()
        self._client.put(b"Z", self._postgres.status)
        self._client.flush()

    def _flush(self, _: bytes) -> None:
        self._client.flush()

    # Views, COPY and UNLOAD.

    def _refuse_view_of_temporary_table(self, statement: Statement) -> None:
        """Raise SqlError if a view selects from a temporary table: PostgreSQL would make the view temporary too."""
        if statement.viewed:
            tables = ", ".join(f"to_regclass('{name}')" for name in statement.viewed)
            if self._postgres.query(f"select 1 from pg_class where oid in ({tables}) and relpersistence = 't'"):
                raise unsupported("the stand-in takes no view of a temporary table")

    def _copy(self, statement: Statement, during: Fault | None) -> None:
        self._locks.take(statement)
        copy = Copy(self._context(), copy_request.parse(statement.tokens))
        try:
            copy.run(during)
        finally:
            self._values.copy = copy.outcome or self._values.copy
        self._send_notices(copy.notices)

    def _unload(self, statement: Statement, during: Fault | None) -> None:
        unload = Unload(self._context(), unload_request.parse(statement.tokens))
        try:
            unload.run(self._values.fill(statement), during)
        finally:
            self._values.unload = unload.outcome or self._values.unload
        self._send_notices(unload.notices)

    def _context(self) -> Context:
        return Context(self._cluster, self._postgres, self._id, self._database, self._values.last_query_id)

    def _send_notices(self, notices: Iterable[str]) -> None:
        for notice in notices:
            self._client.put(b"N", SqlError("00000", notice, severity="INFO").body())
