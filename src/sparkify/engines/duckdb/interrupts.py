"""Ctrl-C while DuckDB computes.

DuckDB looks for signals in the thread that called it, but not while that thread waits for DuckDB's own threads: it may
do so for as long as a statement takes, and Python's handler of signals, which needs the same thread, waits with it.
"""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

GRACE = 0.2
"""Seconds in which a statement may end by itself after Ctrl-C."""


ENDING = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
"""The signals that end what a program does."""


class Interrupts:
    """Interrupts the statement of a connection that goes on after Ctrl-C."""

    def __init__(self, interrupt: Callable[[], None]) -> None:
        """`interrupt` may be called in any thread. Signals come to the main thread alone: elsewhere there are none."""
        self._interrupt = interrupt
        self._numbers = count(1)
        self._in_hand = 0
        self._is_main = threading.current_thread() is threading.main_thread()
        if self._is_main:
            self._heard, self._told = socket.socketpair()
            self._told.setblocking(False)
            self._before = signal.set_wakeup_fd(self._told.fileno(), warn_on_full_buffer=False)
            threading.Thread(target=self._watch, name="Ctrl-C", daemon=True).start()

    @contextmanager
    def statement(self) -> Iterator[None]:
        """What happens inside is a statement, which Ctrl-C ends."""
        self._in_hand = next(self._numbers)
        try:
            yield
        finally:
            self._in_hand = 0

    def close(self) -> None:
        """Leave signals as they were."""
        if self._is_main:
            signal.set_wakeup_fd(self._before)
            self._told.close()

    def _watch(self) -> None:
        """Python writes the number of each signal into the pipe as soon as it comes, whatever its threads do."""
        with self._heard:
            while signals := self._heard.recv(64):
                number = self._in_hand
                while ENDING.intersection(signals) and number:
                    time.sleep(GRACE)
                    if self._in_hand != number:
                        break
                    self._interrupt()
