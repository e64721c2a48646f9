"""The server process of the stand-in: it logs the official driver in and serves it, a thread a session.

Run as `python -m redshift_stand_in.server FILE`, where FILE holds the fields of `settings.Settings` as JSON.
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
from pathlib import Path
from threading import Thread

from redshift_stand_in.cluster import Cluster
from redshift_stand_in.ports import HOST
from redshift_stand_in.session import Session
from redshift_stand_in.settings import Settings
from redshift_stand_in.wire import HangUp, Postgres, SqlError, Stream

SSL_REQUEST, CANCEL_REQUEST = 80877103, 80877102
DIGEST, SHA256 = 13, 0
NEWEST_PROTOCOL = 2
"""The newest `client_protocol_version` of the driver: 1 adds names to row descriptions, 2 binary NUMERIC."""

ISOLATION = {"snapshot": "repeatable\\ read", "serializable": "serializable"}
"""PostgreSQL's isolation level, by Redshift's."""


class Server:
    """The listener."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._cluster = Cluster(settings)
        self._tls: ssl.SSLContext | None = None
        if settings.certificate:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.load_cert_chain(settings.certificate)

    def serve(self) -> None:
        """Serve clients until the test that started this process has ended; then stop PostgreSQL too."""
        parent = os.getppid()
        with socket.create_server((HOST, self._settings.port), backlog=100) as listener:
            listener.settimeout(1)
            while os.getppid() == parent:
                try:
                    connection, _ = listener.accept()
                except TimeoutError:
                    continue
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                Thread(target=self._serve_client, args=(connection,), daemon=True).start()

        postmaster = Path(self._settings.data_directory, "postmaster.pid").read_text().splitlines()[0]
        os.kill(int(postmaster), signal.SIGINT)

    def _serve_client(self, connection: socket.socket) -> None:
        try:
            if session := Login(self._cluster, self._tls, connection).run():
                with session:
                    session.run()
        except HangUp:
            pass
        finally:
            connection.close()


class Login:
    """The first messages of a connection: TLS or its refusal, the user, and the digest of the password."""

    def __init__(self, cluster: Cluster, tls: ssl.SSLContext | None, connection: socket.socket) -> None:
        self._cluster = cluster
        self._tls = tls
        self._stream = Stream(connection)

    def run(self) -> Session | None:
        """The session of a client that logs in; None for one that cancels a statement, or may not log in.

        Raises:
            HangUp: the client ended the connection.
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
                return self._log_in(body)

    def _encrypt(self) -> None:
        self._stream.socket.sendall(b"S" if self._tls else b"N")
        if self._tls:
            try:
                self._stream = Stream(self._tls.wrap_socket(self._stream.socket, server_side=True))
            except OSError as e:  # a client that does not trust the certificate ends the handshake
                raise HangUp from e

    def _cancel(self, body: bytes) -> None:
        with socket.socket(socket.AF_UNIX) as postgres:
            postgres.connect(self._cluster.settings.socket_path)
            postgres.sendall(struct.pack("!i", len(body) + 4) + body)

    def _log_in(self, body: bytes) -> Session | None:
        texts = body[4:].decode().split("\0")
        parameters = dict(zip(texts[::2], texts[1::2], strict=False))
        try:
            self._check_password(parameters.get("user", ""))
            return self._session(parameters)
        except SqlError as e:
            self._stream.put(b"E", e.body())
            self._stream.flush()
            return None

    def _check_password(self, user: str) -> None:
        """Ask for a salted digest of the password, as Redshift does (code 13 in the driver's core.py).

        Raises:
            SqlError: there is no such user, or the password is wrong.
        """
        salt, nonce = os.urandom(16), os.urandom(16)
        request = struct.pack("!iii", DIGEST, SHA256, len(salt)) + salt + struct.pack("!i", len(nonce)) + nonce
        self._stream.put(b"R", request)
        self._stream.flush()
        kind, body = self._stream.read()
        (size,) = struct.unpack_from("!i", body)
        digest, client_nonce = body[4 : 4 + size], body[8 + size :]
        settings = self._cluster.settings
        salted = hashlib.sha256(settings.password.encode() + salt).digest()
        expected = hashlib.sha256(salted + nonce + client_nonce).digest()
        if kind != b"d" or user not in (settings.user, settings.analyst) or digest != expected:
            raise SqlError("28000", f'password authentication failed for user "{user}"', severity="FATAL")

    def _session(self, parameters: dict[str, str]) -> Session:
        settings = self._cluster.settings
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
        user = parameters["user"]
        postgres = Postgres(settings.socket_path, user, parameters.get("database", user), flags)
        protocol = min(int(parameters.get("client_protocol_version", "0")), NEWEST_PROTOCOL)
        return Session(self._cluster, self._stream, postgres, protocol, parameters.get("database", ""))


def main() -> None:
    """Serve with the settings in the file that the command line names."""
    settings = Settings(**json.loads(Path(sys.argv[1]).read_text(encoding="utf-8")))
    Server(settings).serve()


if __name__ == "__main__":
    main()
