"""The commands of `[ETL] ON_SUCCESS` and `ON_FAILURE`, which a shell runs when a load has ended.

They cannot change how the load ended: a command that fails is a warning.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from threading import Thread
from typing import IO, Any

from sparkify.config import Config, keys
from sparkify.output import json_line
from sparkify.progress import Progress

TIMEOUT = 60.0
"""Seconds that a command may take: fewer than the 90 after which systemd kills a service that it stops."""

KEPT = 8_192
"""Bytes at the end of its output that are kept."""

SHOWN = 5
"""Last lines of its output that the warning quotes."""

PATIENCE = 1.0
"""Seconds to wait for its end when it was killed, and for the rest of its output, which a process that it left in the
background may hold open.
"""


def run(config: Config, summary: Mapping[str, Any], progress: Progress) -> None:
    """Run the command for how a load has ended, if there is one, with the object of `--json` on its stdin.

    It runs in the folder of the configuration, in a session of its own: Ctrl-C on a terminal reaches this program
    alone, which then ends the command with all that it has started.
    """
    is_done = summary["ok"]
    command = config.on_success if is_done else config.on_failure
    if not command:
        return
    key = keys.ETL_ON_SUCCESS if is_done else keys.ETL_ON_FAILURE
    with progress.phase(f"run {key}"):
        problem, output = _run(command, config, f"{json_line(summary)}\n".encode())
    lines = output.splitlines()
    if not problem:
        for line in lines:
            progress.say(f"{key}: {line}")
        return
    printed = f"its last lines: {' | '.join(lines[-SHOWN:])}" if lines else "it printed nothing"
    progress.warn(f"{key}: the command {problem}, which changes nothing of the load; {printed}")


def _run(command: str, config: Config, stdin: bytes) -> tuple[str, str]:
    """What went wrong with a command, empty if nothing, and the end of what it printed."""
    pipe = subprocess.PIPE
    try:
        process = subprocess.Popen(
            command,
            shell=True,
            cwd=config.folder,
            stdin=pipe,
            stdout=pipe,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as e:
        return f"cannot be started ({e.strerror})", ""
    assert process.stdin
    assert process.stdout
    output = bytearray()
    reader = Thread(target=_keep_end, args=(process.stdout, output), daemon=True)
    try:
        Thread(target=_write, args=(process.stdin, stdin), daemon=True).start()
        reader.start()
        problem = _problem(process.wait(TIMEOUT))
    except subprocess.TimeoutExpired:
        problem = _killed(process, f"after {TIMEOUT:g} seconds")
    except KeyboardInterrupt:
        problem = _killed(process, "by an interrupt")
    if reader.is_alive():
        reader.join(PATIENCE)
    return problem, bytes(output).decode(errors="replace")


def _killed(process: subprocess.Popen[bytes], why: str) -> str:
    """Kill a command with all that it has started; how that went."""
    if process.returncode is None:  # a number that is over may be another process's
        with suppress(OSError):
            os.killpg(process.pid, signal.SIGKILL)
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:  # of another user, as by sudo
        return f"could not be killed {why}, and still runs"
    return f"was killed {why}"


def _problem(exit_code: int) -> str:
    """What an exit code of `subprocess` says, where a signal is a negative number; empty for success."""
    if exit_code < 0:
        return f"was ended by {_signal_name(-exit_code)}"
    return f"ended with exit code {exit_code}" if exit_code else ""


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # most signals of real time have no name there
        return f"signal {number}"


def _write(stream: IO[bytes], content: bytes) -> None:
    """Write all to a command that may not read it."""
    with suppress(BrokenPipeError), stream:
        stream.write(content)


def _keep_end(stream: IO[bytes], output: bytearray) -> None:
    """Read a command's output to its end, and keep the last bytes of it."""
    while chunk := os.read(stream.fileno(), KEPT):
        output += chunk
        del output[:-KEPT]
