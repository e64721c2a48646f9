"""Commands in processes of their own, which may be killed."""

from __future__ import annotations

import multiprocessing
import os
import resource
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from multiprocessing import forkserver
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path
from unittest.mock import patch

import duckdb

from harness.paths import ROOT
from harness.scenes import Scene, Watched
from harness.steps import Watch


@dataclass(frozen=True)
class Child:
    """A command that runs in a process of its own."""

    process: ForkServerProcess
    answer: Connection

    def result(self) -> Watched | int:
        """What the command left when it has ended; the number of the signal that killed it, as Python negates it."""
        try:
            outcome: Watched | None = self.answer.recv()
        except EOFError:
            outcome = None
        self.process.join()
        exit_code = self.process.exitcode
        assert exit_code is not None
        return exit_code if outcome is None else outcome


@cache
def _server() -> ForkServerContext:
    """The process from which children are forked: it has imported everything and done nothing, so it has one thread."""
    server = multiprocessing.get_context("forkserver")
    program = ["commands.create_tables", "commands.etl", "engines.duckdb.engine"]
    server.set_forkserver_preload(["harness.children", "harness.watches", *(f"sparkify.{name}" for name in program)])
    path = os.pathsep.join(filter(None, [str(ROOT / "tests"), os.environ.get("PYTHONPATH")]))
    with patch.dict(os.environ, PYTHONPATH=path):
        forkserver.ensure_running()
    return server


def start(scene: Scene, warehouse: Path, *arguments: str, watch: Watch, most_bytes: int | None = None) -> Child:
    """Start a command in a process of its own, that was forked from one that imported everything and did nothing.

    No file that it writes may grow beyond `most_bytes`.
    """
    server = _server()
    answer, sender = server.Pipe(duplex=False)
    process = server.Process(target=_run_in_child, args=(scene, warehouse, arguments, watch, most_bytes, sender))
    process.start()
    sender.close()
    return Child(process, answer)


def hold(warehouse: Path, *, read_only: bool) -> tuple[ForkServerProcess, Connection]:
    """Another process that opens the warehouse and holds it until it is sent a word."""
    server = _server()
    here, there = server.Pipe()
    process = server.Process(target=_hold_in_child, args=(warehouse, read_only, there))
    process.start()
    here.recv()
    return process, here


def _hold_in_child(warehouse: Path, read_only: bool, there: Connection) -> None:
    with duckdb.connect(warehouse, read_only=read_only):
        there.send("held")
        there.recv()


def pipe() -> tuple[Connection, Connection]:
    """The two ends of a line between this process and a child."""
    return _server().Pipe()


def _run_in_child(
    scene: Scene, warehouse: Path, arguments: Sequence[str], watch: Watch, most_bytes: int | None, sender: Connection
) -> None:
    threads = Path(f"/proc/{os.getppid()}/task")
    assert not threads.exists() or len(list(threads.iterdir())) == 1, "a process with threads cannot be forked safely"
    if most_bytes is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, most_bytes))
    sender.send(scene.run(warehouse, *arguments, watch=watch))
