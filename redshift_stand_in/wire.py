"""The wire protocol that Redshift and PostgreSQL share: messages in both directions, and a connection to PostgreSQL.

Every message is a type of one byte, a length of four and a body. Redshift adds to a row description the names of a
column's table, and sends NUMERIC as one scaled integer; both are done here.
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import BinaryIO

PROTOCOL = 196608
NUMERIC, TEXT, VARCHAR = 1700, 25, 1043

Fields = dict[str, str]


class HangUp(Exception):  # noqa: N818
    """The other side ended the connection, or this side must."""


class SqlError(Exception):
    """An error that a server answers with; `fields` are those of an ErrorResponse, by their letter."""

    def __init__(self, code: str, message: str, detail: str = "", severity: str = "ERROR", **others: str) -> None:
        super().__init__(f"{code} {message} {detail}".strip())
        self.fields: Fields = {"S": severity, "C": code, "M": message} | ({"D": detail} if detail else {}) | others

    @staticmethod
    def read(body: bytes) -> SqlError:
        """The error of an ErrorResponse."""
        fields = {part[:1].decode(): part[1:].decode(errors="replace") for part in body.split(b"\0") if part}
        error = SqlError(fields["C"], fields["M"])
        error.fields = fields
        return error

    def body(self) -> bytes:
        """The body of the ErrorResponse."""
        return b"".join(key.encode() + cstring(text) for key, text in self.fields.items()) + b"\0"


def cstring(text: str) -> bytes:
    """A text as the protocol has it: UTF-8, and a zero byte at its end."""
    return text.encode() + b"\0"


class Stream:
    """One end of a connection that speaks in messages."""

    def __init__(self, connection: socket.socket) -> None:
        self.socket = connection
        self._reader: BinaryIO = connection.makefile("rb")
        self._unsent: list[bytes] = []

    def read_exactly(self, size: int) -> bytes:
        """Read so many bytes.

        Raises:
            HangUp: the connection ended before.
        """
        try:
            data = self._reader.read(size)
        except OSError as e:
            raise HangUp from e
        if len(data) < size:
            raise HangUp
        return data

    def read(self) -> tuple[bytes, bytes]:
        """Read a message; its type and its body.

        Raises:
            HangUp: the connection ended.
        """
        head = self.read_exactly(5)
        return head[:1], self.read_exactly(struct.unpack("!i", head[1:])[0] - 4)

    def put(self, kind: bytes, body: bytes = b"") -> None:
        """Add a message to those that `flush` will send."""
        self._unsent.append(kind + struct.pack("!i", len(body) + 4) + body)

    def flush(self) -> None:
        """Send the messages of `put`.

        Raises:
            HangUp: the connection ended.
        """
        data, self._unsent = b"".join(self._unsent), []
        try:
            self.socket.sendall(data)
        except OSError as e:
            raise HangUp from e

    def close(self) -> None:
        """End the connection."""
        self._reader.close()
        self.socket.close()


class Postgres(Stream):
    """A session of the PostgreSQL server behind the stand-in."""

    def __init__(self, socket_path: str, user: str, database: str, options: str = "") -> None:
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(socket_path)
        super().__init__(connection)
        self.status = b"I"
        """`I`: idle; `T`: in a transaction; `E`: in a failed one."""
        self.settings: dict[str, str] = {}
        self.key = b""
        self._columns: list[Column] = []
        start = {"user": user, "database": database, "options": options, "client_encoding": "UTF8"}
        body = struct.pack("!i", PROTOCOL) + b"".join(cstring(k) + cstring(v) for k, v in start.items()) + b"\0"
        connection.sendall(struct.pack("!i", len(body) + 4) + body)
        try:
            self._log_in()
        except SqlError:
            self.close()
            raise

    def _log_in(self) -> None:
        while (message := self.read())[0] != b"Z":
            kind, body = message
            if kind == b"E":
                raise SqlError.read(body)
            if kind == b"S":
                name, value = body.decode().split("\0")[:2]
                self.settings[name] = value
            elif kind == b"K":
                self.key = body

    def query(self, sql: str) -> list[list[str | None]]:
        """The rows, as text, of a statement that the stand-in sends for itself.

        Raises:
            SqlError: it failed.
        """
        self.put(b"Q", cstring(sql))
        self.flush()
        return self.finish()

    def select(self, sql: str) -> tuple[list[Column], list[list[str | None]]]:
        """The columns of a query, and its rows as text.

        Raises:
            SqlError: it failed.
        """
        rows = self.query(sql)
        return self._columns, rows

    def finish(self) -> list[list[str | None]]:
        """Read all messages up to ReadyForQuery; the rows among them, as text.

        Raises:
            SqlError: one of them is an error.
        """
        rows: list[list[str | None]] = []
        error: SqlError | None = None
        while (message := self.read())[0] != b"Z":
            kind, body = message
            if kind == b"T":
                self._columns = columns(body)
            elif kind == b"D":
                rows.append([None if value is None else value.decode() for value in row_values(body)])
            elif kind == b"E":
                error = SqlError.read(body)
        self.status = message[1]
        if error:
            raise error
        return rows

    def copy_in(self, sql: str, parts: Iterable[bytes]) -> None:
        """Run a COPY FROM STDIN and send it data in parts.

        Raises:
            SqlError: PostgreSQL does not take them.
        """
        self.put(b"Q", cstring(sql))
        self.flush()
        kind, body = self.read()
        while kind not in (b"G", b"E"):
            kind, body = self.read()
        if kind == b"E":
            self.finish()
            raise SqlError.read(body)
        for part in parts:
            self.put(b"d", part)
            self.flush()
        self.put(b"c")
        self.flush()
        self.finish()


def row_values(body: bytes) -> list[bytes | None]:
    """The values of a DataRow."""
    values: list[bytes | None] = []
    at = 2
    for _ in range(struct.unpack_from("!h", body)[0]):
        (length,) = struct.unpack_from("!i", body, at)
        at += 4
        values.append(None if length < 0 else body[at : at + length])
        at += max(length, 0)
    return values


def data_row(values: Sequence[bytes | None]) -> bytes:
    """A DataRow of some values."""
    parts = [struct.pack("!i", -1) if v is None else struct.pack("!i", len(v)) + v for v in values]
    return struct.pack("!h", len(values)) + b"".join(parts)


@dataclass(frozen=True)
class Column:
    """A column of a result. `source` is its table and its number there, `modifier` a NUMERIC's precision and scale."""

    name: bytes
    source: bytes
    type: int
    size: int
    modifier: int

    @property
    def precision(self) -> int:
        """The digits of a NUMERIC."""
        return (self.modifier - 4) >> 16

    @property
    def scale(self) -> int:
        """The digits of a NUMERIC behind the point."""
        return (self.modifier - 4) & 0xFFFF

    def description(self, protocol: int) -> bytes:
        """The column in a RowDescription; from protocol 1 on with the names of schema, table, column and database."""
        kind = VARCHAR if self.type == TEXT else self.type
        data = self.name + b"\0" + self.source + struct.pack("!ihih", kind, self.size, self.modifier, 0)
        return data + (b"\0\0" + self.name + b"\0\0" + struct.pack("!h", 1) if protocol >= 1 else b"")


def columns(body: bytes) -> list[Column]:
    """The columns of PostgreSQL's RowDescription. A NUMERIC of no declared scale gets six decimals."""
    result, at = [], 2
    for _ in range(struct.unpack_from("!h", body)[0]):
        end = body.index(b"\0", at)
        kind, size, modifier, _ = struct.unpack_from("!ihih", body, end + 7)
        if kind == NUMERIC and modifier == -1:
            modifier = (38 << 16 | 6) + 4
        result.append(Column(body[at:end], body[end + 1 : end + 7], kind, size, modifier))
        at = end + 19
    return result


def row_description(result: Sequence[Column], protocol: int) -> bytes:
    """A RowDescription of some columns."""
    return struct.pack("!h", len(result)) + b"".join(column.description(protocol) for column in result)


def scaled_integer(text: bytes, scale: int) -> bytes:
    """A NUMERIC in Redshift's binary form: an integer of 64 or 128 bits, in units of the last decimal."""
    value = int(Decimal(text.decode()).scaleb(scale).to_integral_value())
    return value.to_bytes(8 if -(2**63) <= value < 2**63 else 16, "big", signed=True)


def numeric_as_text(rest: bytes, result: Sequence[Column]) -> bytes:
    """The end of a Bind, changed to ask PostgreSQL for NUMERIC columns as text: the stand-in makes them binary."""
    (formats,) = struct.unpack_from("!h", rest)
    at = 2 + 2 * formats
    (values,) = struct.unpack_from("!h", rest, at)
    at += 2
    for _ in range(values):
        (size,) = struct.unpack_from("!i", rest, at)
        at += 4 + max(size, 0)
    asked = list(struct.unpack_from(f"!{(len(rest) - at - 2) // 2}h", rest, at + 2))
    if len(asked) == len(result):
        asked = [0 if column.type == NUMERIC else code for code, column in zip(asked, result, strict=True)]
    return rest[:at] + struct.pack(f"!{len(asked) + 1}h", len(asked), *asked)
