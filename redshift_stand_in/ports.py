"""Ports of this machine: a free one for a server to listen on, and the wait until it does."""

from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path

HOST = "127.0.0.1"
SECONDS_TO_START = 60


def free_port() -> int:
    """A port of 127.0.0.1 on which nothing listens."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return int(listener.getsockname()[1])


def wait_until_open(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until a server that was just started takes connections.

    Raises:
        RuntimeError: the process ended, or did not listen within a minute; the message holds its log.
    """
    deadline = time.monotonic() + SECONDS_TO_START
    while not _is_open(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"the server on port {port} did not start: {log.read_text()}")
        time.sleep(0.02)


def _is_open(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex((HOST, port)) == 0
