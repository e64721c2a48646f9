"""The server process of the stand-in: logs the official driver in, and takes statements from it, a thread a session.

Run as `python -m redshift_stand_in.server SETTINGS`, where SETTINGS is a JSON file with the fields of `redshift_stand_in.Settings`.
"""

from __future__ import annotations

import hashlib
import json
import os
import signal
import socket
import ssl
import struct
import sys
import time
from itertools import count
from pathlib import Path
from threading import Thread

from redshift_stand_in.catalog import Log
from redshift_stand_in.faults import Watch
from redshift_stand_in.s3 import Account
from redshift_stand_in.session import Session
from redshift_stand_in.settings import Settings
from redshift_stand_in.wire import HangUp, Postgres, SqlError, Stream

SSL_REQUEST, CANCEL_REQUEST = 80877103, 80877102
DIGEST, SHA256 = 13, 0
NEWEST_PROTOCOL = 2
"""The newest `client_protocol_version` of the driver: 1 adds names to row descriptions, 2 binary NUMERIC."""

ISOLATION = {"snapshot": "repeatable\\ read", "serializable": "serializable"}


class Server:
    """What the sessions share."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.watch = Watch(Path(settings.folder))
        self.account = Account(settings)
        self.log = Log(Path(settings.data_directory))
        self.query_ids = count(int(time.time()) % 1_000_000_000)
        self.tls: ssl.SSLContext | None = None
        if settings.certificate:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(settings.certificate)

    def serve(self) -> None:
        """Take clients until the test that started this process has gone; then PostgreSQL stops too."""
        parent = os.getppid()
        with socket.create_server(("127.0.0.1", self.settings.port), backlog=100) as listener:
            listener.settimeout(1)
            while os.getppid() == parent:
                try:
                    connection, _ = listener.accept()
                except TimeoutError:
                    continue
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                Thread(target=self._session, args=(connection,), daemon=True).start()

        postmaster = Path(self.settings.data_directory, "postmaster.pid").read_text().splitlines()[0]
        os.kill(int(postmaster), signal.SIGINT)

    def _session(self, connection: socket.socket) -> None:
        try:
            if client := Login(self, connection).run():
                with client:
                    client.run()
        except HangUp:
            pass
        finally:
            connection.close()


class Login:
    """The beginning of a connection: TLS or not, who it is, and the password's digest."""

    def __init__(self, server: Server, connection: socket.socket) -> None:
        self._server = server
        self._stream = Stream(connection)

    def run(self) -> Session | None:
        """The session of a client that may come in; None where there is nothing to serve.

        Raises:
            HangUp: the client gave up.
        """
        while True:
            (size,) = struct.unpack("!i", self._stream.read_exactly(4))
            body = self._stream.read_exactly(size - 4)
            (code,) = struct.unpack_from("!i", body)
            if code == SSL_REQUEST:
                self._encrypt()
            elif code == CANCEL_REQUEST:
                self._cancel(body)
                return None
            else:
                return self._admitted(body)

    def _encrypt(self) -> None:
        self._stream.socket.sendall(b"S" if self._server.tls else b"N")
        if self._server.tls:
            try:
                self._stream = Stream(self._server.tls.wrap_socket(self._stream.socket, server_side=True))
            except OSError as e:  # a client that does not trust the certificate ends the handshake
                raise HangUp from e

    def _cancel(self, body: bytes) -> None:
        with socket.socket(socket.AF_UNIX) as postgres:
            postgres.connect(self._server.settings.socket_path)
            postgres.sendall(struct.pack("!i", len(body) + 4) + body)

    def _admitted(self, body: bytes) -> Session | None:
        texts = body[4:].decode().split("\0")
        told = dict(zip(texts[::2], texts[1::2], strict=False))
        try:
            self._check_password(told.get("user", ""))
            return self._session(told)
        except SqlError as e:
            self._stream.put(b"E", e.body())
            self._stream.flush()
            return None

    def _check_password(self, user: str) -> None:
        """Ask for the digest of the password, salted, as Redshift has the driver make it (its core.py, code 13)."""
        salt, nonce = os.urandom(16), os.urandom(16)
        request = struct.pack("!iii", DIGEST, SHA256, len(salt)) + salt + struct.pack("!i", len(nonce)) + nonce
        self._stream.put(b"R", request)
        self._stream.flush()
        kind, body = self._stream.read()
        (size,) = struct.unpack_from("!i", body)
        given, client_nonce = body[4 : 4 + size], body[8 + size :]
        salted = hashlib.sha256(self._server.settings.password.encode() + salt).digest()
        expected = hashlib.sha256(salted + nonce + client_nonce).digest()
        users = (self._server.settings.user, self._server.settings.analyst)
        if kind != b"d" or user not in users or given != expected:
            raise SqlError("28000", f'password authentication failed for user "{user}"', severity="FATAL")

    def _session(self, told: dict[str, str]) -> Session:
        settings = self._server.settings
        options = {
            "default_transaction_isolation": ISOLATION[settings.isolation],
            "client_connection_check_interval": "100",
            "synchronous_commit": "off",
            "enable_nestloop": "off",  # Redshift joins by hash; a table that was just filled has no statistics yet
            "work_mem": "64MB",
            "jit": "off",
            "timezone": "UTC",
        }
        flags = " ".join(f"-c {name}={value}" for name, value in options.items())
        user = told["user"]
        postgres = Postgres(settings.socket_path, user, told.get("database", user), flags)
        protocol = min(int(told.get("client_protocol_version", "0")), NEWEST_PROTOCOL)
        return Session(self._server, self._stream, postgres, protocol, told.get("database", ""))


def main() -> None:
    settings = Settings(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    Server(settings).serve()


if __name__ == "__main__":
    main()
