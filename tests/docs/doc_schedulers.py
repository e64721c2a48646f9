"""The commands that systemd, cron and Airflow start, as pages configure them; none of the three needs to be there."""

from __future__ import annotations

import ast
import re
import shlex
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from doc_blocks import Block, DocumentError


def scheduled(command: str) -> str:
    """A shell command that runs another one with little environment, and not in the folder of the clone."""
    return f'(cd && exec env -i HOME="$HOME" PATH=/usr/bin:/bin /bin/sh -ec {shlex.quote(command)})'


def unit_commands(text: str) -> list[str]:
    """The commands that a systemd unit starts."""
    folder = re.search(r"^WorkingDirectory=(.+)$", text, re.MULTILINE)
    commands = re.findall(r"^ExecStart=(.+)$", text, re.MULTILINE)
    return [f"cd {folder[1] if folder else '/'} && {command}" for command in commands]


def cron_commands(text: str) -> list[str]:
    """The commands of a crontab.

    Raises:
        ValueError: a line is not five fields of time and a command, or cron would end the command at a `%`.
    """
    lines = [line for line in text.splitlines() if not re.match(r"\s*(#|\w+\s*=|$)", line)]
    entries = [re.fullmatch(r"(?:[\d*][\d*/,-]*\s+){5}((?:[^%]|\\%)+)", line) for line in lines]
    if not all(entries):
        raise ValueError(r"a line of a crontab is five times and a command, with \% for %")
    return [entry[1].replace(r"\%", "%") for entry in entries if entry]


def dag_commands(code: str) -> list[str]:
    """The commands of the BashOperators in a DAG of Airflow, each in its `cwd`; none if the code is no DAG."""
    commands = []
    for call in ast.walk(ast.parse(code)):
        if isinstance(call, ast.Call):
            texts: dict[str | None, Any] = {
                word.arg: word.value.value for word in call.keywords if isinstance(word.value, ast.Constant)
            }
            if "bash_command" in texts:
                commands.append(f"cd {texts.get('cwd', '/tmp')} && {texts['bash_command']}")
    return commands


def check_units(folder: Path, page_blocks: Sequence[Block]) -> None:
    """Check that a page shows every systemd unit that it names, and check the units by systemd-analyze, if installed.

    Raises:
        DocumentError: a unit, or the service of a timer, is missing, or systemd would not take a unit.
    """
    units = [block for block in page_blocks if block.language == "systemd"]
    for block in [*units, *(block for block in page_blocks if block.tag == "system")]:
        named = {*re.findall(r"[\w-]+\.(?:service|timer)\b", block.text), re.sub(r"timer$", "service", block.file)}
        if missing := named - {unit.file for unit in units} - {""}:
            raise DocumentError(f"{block.location}: the page does not show {', '.join(missing)}")
    if units and (program := shutil.which("systemd-analyze")):
        files = [str(folder / unit.file) for unit in units]
        done = subprocess.run([program, "verify", "--man=no", *files], capture_output=True, text=True)
        if done.returncode or any(unit.file in done.stderr for unit in units):
            raise DocumentError(f"{units[0].location}: {done.stderr}")
