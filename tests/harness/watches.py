"""What may happen to a command at a step, in a process of its own: a process finds these here by their names."""

from __future__ import annotations

import os
import resource
import signal
import time
from dataclasses import dataclass
from multiprocessing.connection import Connection

from harness.steps import Watch


@dataclass
class Signal(Watch):
    """The process sends itself a signal just before or just after a step."""

    at: int = 0
    is_before: bool = True
    number: int = signal.SIGKILL

    def before(self, number: int, step: str) -> None:
        if self.is_before and number == self.at:
            os.kill(os.getpid(), self.number)

    def after(self, number: int, step: str) -> None:
        if not self.is_before and number == self.at:
            os.kill(os.getpid(), self.number)


@dataclass
class DieWriting(Watch):
    """From a step on the process is killed by the write that makes a file larger than allowed, after a part of it."""

    at: int = 0
    most_bytes: int = 0

    def before(self, number: int, step: str) -> None:
        if number == self.at:
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            resource.setrlimit(resource.RLIMIT_FSIZE, (self.most_bytes, self.most_bytes))


@dataclass
class Pause(Watch):
    """Report that a step is reached for the n-th time, and wait for an answer."""

    line: Connection | None = None
    step: str = ""
    time: int = 1

    def before(self, number: int, step: str) -> None:
        if step == self.step and self.steps.count(step) == self.time and self.line:
            self.line.send(step)
            self.line.recv()
            time.sleep(0.1)  # the signal was sent before, but may have met another thread, which has not run yet


@dataclass
class SayStep(Watch):
    """Report that a step is reached, and do not end it before an answer comes."""

    line: Connection | None = None
    at: int = 0

    def before(self, number: int, step: str) -> None:
        if number == self.at and self.line:
            self.line.send(step)

    def after(self, number: int, step: str) -> None:
        if step == "close" and self.line:
            self.line.recv()
            time.sleep(0.1)  # the signal was sent before, but may have met another thread, which has not run yet
