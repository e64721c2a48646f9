"""Whole processes and what they cost, and a warehouse to measure them on."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

ROOT = Path(__file__).resolve().parent.parent

FOREIGN = ("AWS_", "DWH_", "PYTHONDONTWRITEBYTECODE", "REQUESTS_CA_BUNDLE")
"""How variables begin that a measured process does not inherit: settings of the program and of S3's clients, and what
makes Python compile each module again.
"""

NONE: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Run:
    """One whole process: seconds of wall time and of processor time, bytes of memory at its peak, and its stdout."""

    seconds: float
    cpu: float
    memory: int
    out: str


def measure(*command: str | Path, environment: Mapping[str, str] = NONE) -> Run:
    """Run a script of Python, or with `-m` a module, to its end.

    Raises:
        SystemExit: it failed; what it said is in the text.
    """
    started = time.perf_counter()
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(
            [sys.executable, *map(str, command)],
            env={**clean_environment(), **environment},
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        assert process.stdout
        out = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            errors.seek(0)
            raise SystemExit(f"{' '.join(map(str, command))} ended with {process.returncode}\n{errors.read()}")
    # Linux counts the peak of this process in, as it was when the other was started: keep this one small.
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, out)


def clean_environment() -> dict[str, str]:
    """The environment without the variables that begin as `FOREIGN` says."""
    return {name: text for name, text in os.environ.items() if not name.upper().startswith(FOREIGN)}


def machine() -> str:
    """The machine, in a few words."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return f"{platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GB, Python {platform.python_version()}"


class Warehouse:
    """A configuration and a warehouse file in a folder of their own, and the bucket that they load.

    `environment` are variables that its commands need; `songs` is the folder of the songs where it is not the bucket's.
    """

    def __init__(
        self, folder: Path, bucket: str | Path, environment: Mapping[str, str] = NONE, songs: Path | None = None
    ) -> None:
        self.config, self.file = folder / "dwh.cfg", folder / "sparkify.duckdb"
        self._environment = environment
        self.config.write_text(
            f"[S3]\nLOG_DATA = {bucket}/log_data\nSONG_DATA = {songs or f'{bucket}/song_data'}\n"
            f"LOG_JSONPATH = {bucket}/log_json_path.json\n"
        )

    def empty(self) -> None:
        """Drop the file and create the tables."""
        self.file.unlink(missing_ok=True)
        measure(ROOT / "create_tables.py", "--config", self.config)

    def load(self, *options: str) -> Run:
        """Run etl.py."""
        return measure(ROOT / "etl.py", "--config", self.config, *options, environment=self._environment)

    def sparkify(self, *command: str | Path) -> Run:
        """Run another command."""
        return measure("-m", "sparkify.cli", *command, "--config", self.config, environment=self._environment)
