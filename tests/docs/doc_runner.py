"""Runs the blocks of a page, in order, in a folder that looks like a clone after `make run`.

`doc_blocks` says which blocks there are, and how each is tested.
"""

from __future__ import annotations

import compileall
import configparser
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from generate import ROOT

from doc_aws import check_aws, require_redshift_grammar
from doc_blocks import Block, DocumentError, blocks, dialogue, matches
from doc_schedulers import check_units, cron_commands, dag_commands, scheduled, unit_commands
from harness import docker
from harness.paths import TOOLS
from sparkify import cli, config
from sparkify.errors import SparkifyError

CLONE = "/opt/sparkify"
"""The folder of the clone in pages that need an absolute path."""

BUCKET = "s3://my-bucket"

COPIED = ("dwh.cfg", "create_tables.py", "etl.py", "sql_queries.py", "Makefile", "pyproject.toml")
COPIED_FOR_DOCKER = ("Dockerfile", ".dockerignore", "README.md", "LICENSE")

OWN_PROGRAMS = ("python", "sparkify")
REMOTE_PROGRAMS = ("aws", "curl", "ssh", "sleep")
MACHINE_PROGRAMS = ("sudo", "systemctl", "journalctl", "mail")
RECORDED = {"aws": (*OWN_PROGRAMS, *REMOTE_PROGRAMS), "system": MACHINE_PROGRAMS}
"""The programs that only record their arguments, by the tag of the block."""

TIMEOUT = 300
"""Seconds that a page may take."""

RUN_STEPS = """
for step_file in "$NOTES"/*.sh; do
    export RECORD=${step_file%.sh}.record
    . "$step_file" > "${step_file%.sh}.out" 2>&1 < /dev/null
done
"""


# ---------------------------------------------------------------- the folder


def make_clone(folder: Path) -> None:
    """Write what a clone has, and the environment that `make run` would set up first."""
    programs = folder / ".venv" / "bin"
    programs.mkdir(parents=True)
    for name in (*COPIED, *COPIED_FOR_DOCKER):
        shutil.copy2(ROOT / name, folder / name)
    shutil.copytree(ROOT / "src", folder / "src")
    compileall.compile_dir(folder / "src", quiet=1)  # once for all copies of the clone
    for name in ("docs", "locks"):
        (folder / name).symlink_to(ROOT / name)
    for name in OWN_PROGRAMS:
        # The program runs the source of its folder, which a page may change.
        path = 'PYTHONPATH="${0%/*}/../../src${PYTHONPATH:+:$PYTHONPATH}"'
        program = shlex.quote(str(Path(sys.executable).with_name(name)))
        _write_program(programs / name, f'export {path}\nexec {program} "$@"')
    for name in (*REMOTE_PROGRAMS, *MACHINE_PROGRAMS):
        _write_program(programs / name, f"echo '{name}: tag this block aws or system' >&2\nexit 1")
    docker.install(programs)
    for name in ("installed-run", "installed-dev", "installed-redshift", "installed-openlineage"):
        (folder / ".venv" / name).touch()


def _write_program(path: Path, script: str) -> None:
    """Write a shell script that first looks whether RECORDED names it.

    Then it only appends its arguments to the file RECORD, and answers as AWS would: with some text, or with the dwh.cfg
    that the stack outputs.
    """
    recording = f"""case " $RECORDED " in *" {path.name} "*)
    printf '%s\\0' $(($# + 1)) {path.name} "$@" >> "$RECORD"
    case "$*" in *DwhCfg*) echo "$STACK_CONFIG";; *) echo an-answer;; esac
    exit;;
esac"""
    path.write_text(f"#!/bin/sh\n{recording}\n{script}\n", encoding="utf-8")
    path.chmod(0o755)


# ---------------------------------------------------------------- a page


@dataclass(frozen=True)
class Store:
    """A Redshift with a bucket that pages may use: its dwh.cfg, and the variables that reach it."""

    config: str = ""
    address: str = BUCKET
    """The bucket that pages call s3://my-bucket."""
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Step:
    """Shell commands of a block, and the output that a console block shows for them."""

    block: Block
    commands: str
    expected: str | None = None


@dataclass(frozen=True)
class PageRun:
    """A page, run in a folder that was made for it; scripts and outputs are written into the folder `notes`."""

    page: Path
    folder: Path
    notes: Path
    store: Store = Store()

    def run(self) -> None:
        """Run all blocks of the page.

        Raises:
            DocumentError: a block is wrong; the text says where it is.
        """
        (self.notes / "home").mkdir(parents=True)
        page_blocks = blocks(self.page)
        steps: list[Step] = []
        for block in page_blocks:
            with located(block):
                steps += self._steps(block)
        self._run_script(steps)
        for number, step in enumerate(steps):
            output = self._file(number, "out").read_text(encoding="utf-8")
            if step.expected is not None and not matches(step.expected, output):
                raise DocumentError(
                    f"{step.block.location}: expected\n{step.expected}\nand this was printed:\n{output}"
                )
            if step.block.tag == "aws":
                check_record(step.block, self._file(number, "record"))
        check_units(self.folder, page_blocks)

    def _steps(self, block: Block) -> Iterator[Step]:
        """The steps that check a block when they are run; a check that runs nothing is made at once."""
        text = block.text if block.tag in RECORDED else self._with_real_paths(block.text)
        if block.language == "ini":
            text = self._checked_config(block)
        if block.file:
            target = shlex.quote(str(self.folder / block.file))
            mode = 600 if block.language == "ini" else 644  # a configuration may hold a password
            yield Step(block, f"printf %s {shlex.quote(text)} | install -m {mode} -D /dev/stdin {target}")
        match block.language:
            case "sh":
                yield Step(block, text)
            case "console":
                for command, expected in dialogue(block):
                    yield Step(block, self._with_real_paths(command), expected)
            case "sql" if block.tag == "admin":
                require_redshift_grammar(text)
            case "systemd":
                yield from (Step(block, scheduled(command)) for command in unit_commands(text))
            case "crontab":
                yield from (Step(block, scheduled(command)) for command in cron_commands(text))
            case "python" if commands := dag_commands(text):
                yield from (Step(block, scheduled(command)) for command in commands)
            case "python":
                python = TOOLS / "python" if block.tag == "tools" else ".venv/bin/python"
                yield Step(block, f"{python} -c {shlex.quote(text)} dwh.cfg")
            case "diff":
                ceiling = shlex.quote(str(self.folder.parent))
                yield Step(block, f"printf %s {shlex.quote(text)} | GIT_CEILING_DIRECTORIES={ceiling} git apply")
            case "json":
                json.loads(text)

    def _with_real_paths(self, text: str) -> str:
        return text.replace(CLONE, str(self.folder)).replace(BUCKET, self.store.address)

    def _checked_config(self, block: Block) -> str:
        """The repository's dwh.cfg with the keys of a block; for Redshift, that of the servers."""
        parser = configparser.RawConfigParser()
        parser.read_string((ROOT / "dwh.cfg").read_text(encoding="utf-8"))
        parser.read_string(block.text)
        path = self.notes / "dwh.cfg"
        with path.open("w", encoding="utf-8") as file:
            parser.write(file)
        if warnings := config.load(path, environment={}).warnings:
            raise ValueError(warnings)
        return self.store.config if "CLUSTER" in parser else self._with_real_paths(path.read_text(encoding="utf-8"))

    def _file(self, number: int, ending: str) -> Path:
        return self.notes / f"{number:03}.{ending}"

    def _run_script(self, steps: Sequence[Step]) -> None:
        """Run all steps in one shell, which stops at the first that fails."""
        for number, step in enumerate(steps):
            recorded = " ".join(RECORDED.get(step.block.tag, ()))
            self._file(number, "sh").write_text(f"export RECORDED='{recorded}'\n{step.commands}\n", encoding="utf-8")
        environment = {
            **os.environ,
            **self.store.environment,
            "PATH": f"{self.folder / '.venv' / 'bin'}:{TOOLS}:{os.environ['PATH']}",
            "HOME": str(self.notes / "home"),
            "NOTES": str(self.notes),
            "STACK_CONFIG": self.store.config,
            "MAKEFLAGS": "n" if (self.folder / "sample").exists() else "",  # after `make run`, make only prints
            "OPENLINEAGE_DISABLED": "false",
            "TERM": "dumb",
            "COLUMNS": "120",
        }
        bash = ["bash", "--norc", "-euo", "pipefail", "-c", RUN_STEPS]
        done = subprocess.run(bash, cwd=self.folder, env=environment, timeout=TIMEOUT, capture_output=True, text=True)
        if done.returncode:
            last = max(self.notes.glob("*.out"))
            step, output = steps[int(last.stem)], last.read_text(encoding="utf-8") + done.stderr
            failure = f"exit code {done.returncode} of\n{step.commands}\nwhich printed\n{output}"
            raise DocumentError(f"{step.block.location}: {failure}")


@contextmanager
def located(block: Block, *call: str) -> Iterator[None]:
    """Add to an error the location of the block and the call in it that is wrong."""
    try:
        yield
    except (ValueError, SyntaxError, configparser.Error, SparkifyError) as e:
        raise DocumentError(": ".join(filter(None, [block.location, shlex.join(call), str(e)]))) from e


# ---------------------------------------------------------------- programs that only recorded their arguments


def check_record(block: Block, record: Path) -> None:
    """Check how the programs of a block were called.

    Raises:
        DocumentError: one would refuse its arguments, or none was called.
    """
    words = iter(record.read_text(encoding="utf-8").split("\0")[:-1] if record.exists() else ())
    calls = [[next(words) for _ in range(int(count))] for count in words]
    if not calls and re.search(rf"^({'|'.join(REMOTE_PROGRAMS)}) ", block.text, re.MULTILINE):
        raise DocumentError(f"{block.location}: nothing was called, so nothing is tested")
    for program, *arguments in calls:
        with located(block, program, *arguments):
            if program == "aws":
                check_aws(arguments)
            elif program == "sparkify":
                cli.parse(arguments)
            elif program == "python":
                cli.parse([Path(arguments[0]).stem.replace("_", "-"), *arguments[1:]])
