"""Runs what the documents say: the blocks of a page, in order, in a folder that looks like a clone after `make run`.

The words after the fence say what a block is, and so how it is tested. A block with any other words is an error.

    sh                      run by bash; all blocks of a page are one shell
    console                 `$ command` and what it prints; `…` stands for anything, alone on a line for any lines
    sh aws                  needs an account or another machine: run by bash, but its programs only note how they were
                            called, and that is checked: aws by botocore's models, sparkify by its own parser
    sh system               the same for the programs that would change this machine, such as systemctl
    sh s3, sh redshift,     run by bash with an S3 server, whose s3://my-bucket holds the sample, and the stand-in for
    console s3, …           Redshift
    sql                     asked by `sparkify query` of the page's own warehouse, and of the stand-in
    sql admin               for Redshift's administrators: parsed as Redshift's dialect
    ini                     read as dwh.cfg, on top of the repository's own
    systemd file=NAME       checked by systemd-analyze, where there is one; what it starts is run
    crontab                 the times are checked, the commands run as cron runs them
    python                  run; a DAG of Airflow is built with stand-ins for Airflow's names, and its commands are run
    diff                    applied by git
    json                    parsed
    mermaid                 an erDiagram's tables and columns are those of the warehouse

`ini`, `systemd` and `python` blocks with `file=NAME` are also written to that file of the folder. `/opt/sparkify`
stands for the folder itself.
"""

from __future__ import annotations

import configparser
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import types
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from importlib import import_module
from itertools import takewhile
from pathlib import Path
from typing import Any

import pytest

from sparkify import cli, config, sql_queries

ROOT = Path(__file__).resolve().parents[2]
CLONE = "/opt/sparkify"
"""Where the pages say that the clone is, when a path has to be absolute."""

BUCKET = "s3://my-bucket"

TAGS = {
    "sh": ("", "aws", "system", "s3", "redshift"),
    "console": ("", "s3", "redshift"),
    "sql": ("", "admin"),
    **dict.fromkeys(("ini", "systemd", "crontab", "python", "diff", "json", "mermaid"), ("",)),
}
"""The words that may follow a language, one at most."""

ARE_FILES = ("ini", "systemd", "python")
"""Languages whose blocks may be files."""

CLONED = ("dwh.cfg", "create_tables.py", "etl.py", "sql_queries.py", "Makefile", "pyproject.toml")

ELSEWHERE = ("aws", "curl", "ssh", "sleep")
ON_THE_MACHINE = ("sudo", "systemctl", "journalctl", "crontab", "useradd", "mail")
OURS = ("python", "sparkify")
"""The programs that only note how they were called, in blocks of `aws` or `system`; of ours, in those of `aws`."""

LONG_TARGETS = ("test", "lint", "format", "bench", "redshift-demo", "redshift-smoke")
"""What `make` is only asked how it would do."""

SECONDS = 300
"""The most that a page may take."""


class DocumentError(AssertionError):
    """A document says what is not so."""


@dataclass(frozen=True)
class Block:
    """A fenced block of a page."""

    page: Path
    line: int
    language: str
    tag: str
    file: str
    text: str

    @property
    def place(self) -> str:
        """Where it stands, for a person."""
        return f"{name_of(self.page)}:{self.line}"

    @property
    def is_recorded(self) -> bool:
        """Whether its programs only note how they were called."""
        return self.tag in ("aws", "system")


def name_of(page: Path) -> str:
    """A page, for a person."""
    return str(page.relative_to(ROOT) if page.is_relative_to(ROOT) else page)


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page."""
    return list(_blocks(page, page.read_text(encoding="utf-8").splitlines()))


def _blocks(page: Path, lines: Sequence[str]) -> Iterator[Block]:
    numbered = iter(enumerate(lines, start=1))
    for line, text in numbered:
        if fence := re.match(r"( *)(```+|~~~+)(.*)", text):
            inside = takewhile(lambda more: more.strip() != fence[2], (more for _, more in numbered))
            language, *words = fence[3].split() or [""]
            tags = [word for word in words if not word.startswith("file=")]
            files = [word.removeprefix("file=") for word in words if word.startswith("file=")]
            content = "".join(f"{more.removeprefix(fence[1])}\n" for more in inside)
            yield Block(page, line, language, " ".join(tags), " ".join(files), content)


def untested(page: Path) -> list[str]:
    """The places of a page's blocks of which nobody has said how they are tested."""
    found = blocks(page)
    places = [block.place for block in found if not _is_known(block)]
    fenced = {line for block in found for line in range(block.line, block.line + block.text.count("\n") + 2)}
    before = ""
    for line, text in enumerate(page.read_text(encoding="utf-8").splitlines(), start=1):
        if line not in fenced and text.startswith((" " * 4, "\t")) and not before.strip():
            places.append(f"{name_of(page)}:{line}")
        before = text
    return places


def _is_known(block: Block) -> bool:
    return block.tag in TAGS.get(block.language, ()) and (not block.file or block.language in ARE_FILES)


# --- The folder ---


def make_clone(folder: Path) -> None:
    """Lay out what a clone has, and the environment that `make run` would set up first."""
    folder.mkdir(parents=True)
    for name in CLONED:
        shutil.copy(ROOT / name, folder / name)
    shutil.copytree(ROOT / "src", folder / "src")
    for name in ("tests", "infra", "bench", "locks"):
        (folder / name).symlink_to(ROOT / name)
    programs, stubs = folder / ".venv" / "bin", folder / ".stubs"
    programs.mkdir(parents=True)
    stubs.mkdir()
    for name in OURS:
        # The program is that of the folder, which a page may change.
        path = 'PYTHONPATH="${0%/*}/../../src${PYTHONPATH:+:$PYTHONPATH}"'
        _write_program(programs / name, f'{_noted(name)}export {path}\nexec {_real(name)} "$@"\n')
    (programs / "activate").write_text('PATH="$(dirname "${BASH_SOURCE[0]}"):$PATH"\n', encoding="utf-8")
    for name in (*ELSEWHERE, *ON_THE_MACHINE):
        _write_program(stubs / name, f"{_noted(name)}echo '{name}: tag this block aws or system' >&2\nexit 1\n")
    targets = "|".join(LONG_TARGETS)
    make = shutil.which("make")
    _write_program(
        stubs / "make", f'case "$1" in {targets}) exec {make} --dry-run "$@" > /dev/null;; esac\nexec {make} "$@"\n'
    )
    for name in ("installed-run", "installed-dev", "installed-redshift"):
        (folder / ".venv" / name).touch()


def _real(name: str) -> str:
    return shlex.quote(str(Path(sys.executable).with_name(name)))


def _noted(name: str) -> str:
    """Lines of a shell script that notes its arguments in the file RECORD, if the block wants that of this program.

    They answer as AWS would: with something, or with the dwh.cfg that the stack gives.
    """
    return f"""case " $RECORDED " in *" {name} "*)
    printf '%s\\0' $# {name} "$@" >> "$RECORD"
    case "$*" in *DwhCfg*) cat "$GIVEN_CONFIG";; *) echo an-answer;; esac
    exit;;
esac
"""


def _write_program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}", encoding="utf-8")
    path.chmod(0o755)


# --- A page ---


@dataclass
class Store:
    """A Redshift with a bucket that pages may be run against: its dwh.cfg, and the variables that reach it."""

    config: str
    address: str
    """What the pages call s3://my-bucket."""
    environment: Mapping[str, str]


@dataclass
class PageRun:
    """One page, run in a folder that has been made for it."""

    page: Path
    folder: Path
    store: Store | None = None
    _script: list[str] = field(default_factory=list)
    _checks: list[Callable[[], None]] = field(default_factory=list)
    _configs: dict[str, configparser.RawConfigParser] = field(default_factory=dict)
    _units: dict[str, Block] = field(default_factory=dict)

    def run(self) -> None:
        """Run all blocks of the page.

        Raises:
            DocumentError: with the place of the block that is not so, and what it printed.
        """
        self._notes.mkdir()
        (self._notes / "home").mkdir()
        found = blocks(self.page)
        for block in filter(_is_known, found):
            getattr(self, f"_add_{block.language}")(block)
        self._run_script(found)
        for check in self._checks:
            check()
        check_units(self._units, self.folder)

    @property
    def _notes(self) -> Path:
        return self.folder / ".blocks"

    def _note(self, block: Block, ending: str) -> Path:
        return self._notes / f"{block.line:04}.{ending}"

    def _here(self, text: str) -> str:
        text = text.replace(CLONE, str(self.folder))
        return text.replace(BUCKET, self.store.address) if self.store else text

    def _add_sh(self, block: Block) -> None:
        self._add_commands(block, block.text)

    def _add_console(self, block: Block) -> None:
        for number, (commands, expected) in enumerate(dialogue(block)):
            part = replace(block, line=block.line + number)
            self._checks.append(partial(_compare, part, expected, self._add_commands(part, commands)))

    def _add_commands(self, block: Block, commands: str) -> Path:
        commands_file, printed = self._note(block, "sh"), self._note(block, "printed")
        commands_file.write_text(commands if block.is_recorded else self._here(commands), encoding="utf-8")
        variables = dict[str, str]()
        if block.is_recorded:
            record = self._note(block, "record")
            names = (*ELSEWHERE, *OURS) if block.tag == "aws" else ON_THE_MACHINE
            variables = {"RECORD": str(record), "RECORDED": " ".join(names)}
            self._checks.append(partial(check_record, block, record, self._units))
        if block.tag in ("s3", "redshift"):
            variables = dict(self._store(block).environment)
        self._script += [
            *(f"export {name}={shlex.quote(value)}" for name, value in variables.items()),
            f"{{ . {shlex.quote(str(commands_file))}; }} > {shlex.quote(str(printed))} 2>&1 < /dev/null",
            *(f"unset {name}" for name in variables),
        ]
        return printed

    def _store(self, block: Block) -> Store:
        if not self.store:
            raise DocumentError(f"{block.place}: this page was given no servers")
        return self.store

    def _add_sql(self, block: Block) -> None:
        if block.tag == "admin":
            require_redshift_grammar(block.text)
            return
        self._add_commands(block, f".venv/bin/sparkify query --quiet {shlex.quote(block.text)}\n")

    def _add_ini(self, block: Block) -> None:
        merged = self._configs.get(block.file, parsed((ROOT / "dwh.cfg").read_text(encoding="utf-8")))
        given = parsed(block.text)
        merged.read_dict(given)
        text = io.StringIO()
        merged.write(text)
        self._note(block, "cfg").write_text(text.getvalue(), encoding="utf-8")
        read = config.load(self._note(block, "cfg"), environment={})
        if read.warnings:
            raise DocumentError(f"{block.place}: {read.warnings}")
        if block.file:
            self._configs[block.file] = merged
            content = self._store(block).config if merged.has_section("CLUSTER") else self._here(text.getvalue())
            self._add_file(block, content, mode=600)  # it may hold a password

    def _add_file(self, block: Block, content: str, mode: int = 644) -> None:
        source = self._note(block, "file")
        source.write_text(self._here(content), encoding="utf-8")
        target = shlex.quote(block.file)
        self._script.append(
            f"(cd {shlex.quote(str(self.folder))} && install -m {mode} -D {shlex.quote(str(source))} {target})"
        )

    def _add_systemd(self, block: Block) -> None:
        self._add_file(block, block.text)
        self._units[block.file] = block
        for service in (unit(block)["Service"],) if block.file.endswith(".service") else ():
            for command in service["ExecStart"].splitlines():
                folder = service.get("WorkingDirectory", "/")
                self._add_elsewhere(block, f"cd {folder}\nexec {shlex.join(shlex.split(command))}")

    def _add_crontab(self, block: Block) -> None:
        for command in cron_commands(block):
            self._add_elsewhere(block, command)

    def _add_elsewhere(self, block: Block, command: str) -> None:
        """A command that another program starts: with little environment, and in a folder that is not the clone."""
        home = self._notes / "home"
        started = ["env", "-i", f"HOME={home}", "PATH=/usr/bin:/bin", "/bin/sh", "-ec", self._here(command)]
        inner = Block(block.page, block.line + len(self._script), "sh", "", "", command)
        self._add_commands(inner, f"(cd {shlex.quote(str(home))} && exec {shlex.join(started)})\n")

    def _add_python(self, block: Block) -> None:
        code = self._here(block.text)
        if block.file:
            self._add_file(block, block.text)
        if re.search(r"^(from|import) airflow", code, re.MULTILINE):
            for folder, command in airflow_commands(code, block):
                self._add_elsewhere(block, f"cd {folder}\n{command}")
        elif not block.file:
            source = self._note(block, "py")
            source.write_text(code, encoding="utf-8")
            for name in re.findall(r'tmp_path / "(\w+)"', code):
                (self._notes / "home" / name).mkdir(exist_ok=True)
            home = str(self._notes / "home")
            run = f"import pathlib; tmp_path = pathlib.Path({home!r}); exec(open({str(source)!r}).read())"
            self._add_commands(block, f"PYTHONPATH=tests .venv/bin/python -c {shlex.quote(run)} dwh.cfg\n")

    def _add_diff(self, block: Block) -> None:
        patch = self._note(block, "patch")
        patch.write_text(block.text, encoding="utf-8")
        self._add_commands(block, f"GIT_CEILING_DIRECTORIES={shlex.quote(str(self.folder.parent))} git apply {patch}\n")

    def _add_json(self, block: Block) -> None:
        json.loads(block.text)

    def _add_mermaid(self, block: Block) -> None:
        check_diagram(block)

    def _run_script(self, found: Sequence[Block]) -> None:
        given = self._notes / "given.cfg"
        given.write_text(self.store.config if self.store else "", encoding="utf-8")
        given.chmod(0o600)  # it holds a password
        path = os.pathsep.join([str(self.folder / ".stubs"), str(self.folder / ".venv" / "bin"), os.environ["PATH"]])
        environment = os.environ | {
            "PATH": path,
            "HOME": str(self._notes / "home"),
            "GIVEN_CONFIG": str(given),
            "TERM": "dumb",
            "COLUMNS": "120",
        }
        script = self._notes / "page.sh"
        script.write_text("\n".join(self._script) + "\n", encoding="utf-8")
        done = subprocess.run(
            ["bash", "--norc", "-euo", "pipefail", str(script)],
            cwd=self.folder,
            env=environment,
            timeout=SECONDS,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            last = max(self._notes.glob("*.printed"), key=lambda p: p.stat().st_mtime_ns)
            line = int(last.stem)
            place = max((b for b in found if b.line <= line), key=lambda b: b.line, default=found[0]).place
            commands = last.with_suffix(".sh").read_text(encoding="utf-8")
            raise DocumentError(
                f"{place}: exit code {done.returncode} of\n{commands}\nwhich printed\n"
                f"{last.read_text(encoding='utf-8')}{done.stderr}"
            )


# --- Consoles ---


def dialogue(block: Block) -> list[tuple[str, str]]:
    """The commands of a console block, each with what it prints. A line of `> ` goes on with a command."""
    parts: list[tuple[list[str], list[str]]] = []
    for line in block.text.splitlines():
        if line.startswith("$ "):
            parts.append(([line[2:]], []))
        elif not parts:
            raise DocumentError(f"{block.place}: a console begins with `$ `")
        elif line.startswith("> ") and not parts[-1][1]:
            parts[-1][0].append(line[2:])
        else:
            parts[-1][1].append(line)
    return [("\n".join([*commands, ""]), "\n".join(printed)) for commands, printed in parts]


def matches(expected: str, printed: str) -> bool:
    """Whether a text is what a page shows, in which `…` stands for anything within a line, or alone for any lines."""
    lines = (
        r"(?:[^\n]*\n)*?" if line.strip() == "…" else r"[^\n]*".join(map(re.escape, line.rstrip().split("…"))) + r" *\n"
        for line in expected.strip("\n").splitlines()
    )
    return re.fullmatch("".join(lines), f"{printed.strip(chr(10))}\n" if printed.strip() else "") is not None


def _compare(block: Block, expected: str, printed: Path) -> None:
    text = printed.read_text(encoding="utf-8")
    if not matches(expected, text):
        raise DocumentError(f"{block.place}: this was to be printed:\n{expected}\nand this was:\n{text}")


# --- Files of other programs ---


def parsed(text: str) -> configparser.RawConfigParser:
    """A configuration with its keys as they are written."""
    parser = configparser.RawConfigParser()
    parser.optionxform = str.upper  # type: ignore[assignment]
    parser.read_string(text)
    return parser


def unit(block: Block) -> Mapping[str, Mapping[str, str]]:
    """The sections of a systemd unit; the values of a key that comes twice are lines of one value."""

    class Repeated(dict[str, Any]):
        def __setitem__(self, key: str, value: Any) -> None:
            if isinstance(value, list) and isinstance(self.get(key), list):
                value = self[key] + value
            super().__setitem__(key, value)

    parser = configparser.RawConfigParser(dict_type=Repeated, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read_string(block.text)
    return {name: dict(parser[name]) for name in parser.sections()}


def check_units(units: Mapping[str, Block], folder: Path) -> None:
    """Check the systemd units that a page has written into a folder.

    Raises:
        DocumentError: systemd would not take one, or one names another that the page lacks.
    """
    for name, block in units.items():
        for section in unit(block).values():
            for key in ("OnFailure", "Unit"):
                if key in section and section[key] not in units:
                    raise DocumentError(f"{block.place}: the page has no {section[key]}")
        if name.endswith(".timer") and name.replace(".timer", ".service") not in units:
            raise DocumentError(f"{block.place}: the page has no service for {name}")
    if units and (program := shutil.which("systemd-analyze")):
        files = [str(folder / name) for name in units]
        done = subprocess.run([program, "verify", "--man=no", *files], capture_output=True, text=True)
        told = [line for line in done.stderr.splitlines() if any(name in line for name in units)]
        if done.returncode or told:
            raise DocumentError(f"{next(iter(units.values())).place}: {done.stderr}")


CRON_FIELDS = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
"""Minute, hour, day of the month, month, day of the week."""


def cron_commands(block: Block) -> list[str]:
    """The commands of a crontab, as cron hands them to the shell.

    Raises:
        DocumentError: cron would not take a line, or would cut a command at a `%`.
    """
    commands = []
    for line in block.text.splitlines():
        if not line.strip() or line.startswith("#") or re.match(r"[A-Z_]+\s*=", line):
            continue
        *times, command = line.split(None, 5)
        for time, (least, most) in zip(times, CRON_FIELDS, strict=True):
            numbers = [int(n) for n in re.findall(r"\d+", time.split("/")[0])]
            if not re.fullmatch(r"(\*|\d+(-\d+)?)(/\d+)?(,\d+(-\d+)?(/\d+)?)*", time) or not all(
                least <= n <= most for n in numbers
            ):
                raise DocumentError(f"{block.place}: {time} is no time of cron's")
        if re.search(r"(?<!\\)%", command):
            raise DocumentError(f"{block.place}: cron ends a command at %; write \\%")
        commands.append(command.replace(r"\%", "%"))
    return commands


# --- Airflow ---


def airflow_commands(code: str, block: Block) -> list[tuple[str, str]]:
    """What the BashOperators of a DAG run, in order of the arrows: the folder and the command.

    Airflow is not installed; its names that a page may use stand here, with the parameters that Airflow 3 documents
    (airflow.sdk.DAG; airflow.providers.standard.operators.bash.BashOperator).
    """
    dags: list[DAG] = []

    class DAG:
        def __init__(
            self,
            dag_id: str,
            *,
            schedule: object = None,
            start_date: object = None,
            catchup: bool = False,
            max_active_runs: int = 16,
            description: str = "",
            default_args: Mapping[str, object] | None = None,
        ) -> None:
            self.tasks: list[BashOperator] = []

        def __enter__(self) -> DAG:
            dags.append(self)
            return self

        def __exit__(self, *_: object) -> None:
            pass

    class BashOperator:
        def __init__(
            self,
            *,
            task_id: str,
            bash_command: str,
            cwd: str | None = None,
            env: Mapping[str, str] | None = None,
            append_env: bool = False,
            skip_on_exit_code: int | Iterable[int] | None = 99,
            retries: int = 0,
            retry_delay: object = None,
            execution_timeout: object = None,
            trigger_rule: str = "all_success",
        ) -> None:
            # Without cwd, Airflow runs the command in a folder for this run alone.
            self.cwd, self.bash_command = cwd or "/tmp", bash_command
            self.before: list[BashOperator] = []
            dags[-1].tasks.append(self)

        def __rshift__(self, other: BashOperator) -> BashOperator:
            other.before.append(self)
            return other

    names: dict[str, dict[str, object]] = {
        "airflow": {},
        "airflow.sdk": {"DAG": DAG},
        "airflow.providers": {},
        "airflow.providers.standard": {},
        "airflow.providers.standard.operators": {},
        "airflow.providers.standard.operators.bash": {"BashOperator": BashOperator},
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, content in names.items():
            module = types.ModuleType(name)
            vars(module).update(content)
            patch.setitem(sys.modules, name, module)
        exec(compile(code, block.place, "exec"), {"__name__": "dag"})
    commands: list[tuple[str, str]] = []
    done: set[int] = set()

    def run(task: BashOperator) -> None:
        for first in task.before:
            run(first)
        if id(task) not in done:
            done.add(id(task))
            commands.append((task.cwd, task.bash_command))

    for dag in dags:
        for task in dag.tasks:
            run(task)
    if not commands:
        raise DocumentError(f"{block.place}: this DAG runs nothing")
    return commands


# --- SQL and diagrams ---


def require_redshift_grammar(sql: str) -> None:
    """Parse what the stand-in cannot run.

    Raises:
        ValueError: it is not Redshift's SQL.
    """
    found = import_module("sqlfluff.core").Linter(dialect="redshift").parse_string(sql)
    if found.violations:
        raise ValueError(found.violations)


def check_diagram(block: Block) -> None:
    """Compare a diagram's tables and columns with those of `sql/create`.

    Raises:
        DocumentError: they differ.
    """
    for table, body in re.findall(r"^\s*(\w+) \{\n(.*?)^\s*\}", block.text, re.MULTILINE | re.DOTALL):
        drawn = [line.split()[1] for line in body.splitlines() if line.strip()]
        there = list(sql_queries.columns(table))
        if not set(drawn) <= set(there):
            raise DocumentError(f"{block.place}: {table} has {there}, not {drawn}")


# --- Programs that only noted how they were called ---


def check_record(block: Block, record: Path, units: Mapping[str, Block]) -> None:
    """Check how the programs of a block were called.

    Raises:
        DocumentError: one would not take it, or none was called.
    """
    called = list(calls(record.read_bytes().decode())) if record.exists() else []
    programs = "|".join((*ELSEWHERE, *ON_THE_MACHINE))
    if not called and re.search(rf"^({programs}) ", block.text, re.MULTILINE):
        raise DocumentError(f"{block.place}: nothing was called, so nothing is tested")
    for program, *arguments in called:
        try:
            if program == "aws":
                check_aws(arguments)
            elif program in OURS:
                check_ours(program, arguments)
            elif program in ("systemctl", "journalctl"):
                check_named_units(arguments, units)
        except (ValueError, KeyError) as e:
            raise DocumentError(f"{block.place}: {shlex.join([program, *arguments])}: {e}") from e


def calls(record: str) -> Iterator[list[str]]:
    """The calls in the record of a block: how many arguments, the program, the arguments, each ended by NUL."""
    words = iter(record.split("\0")[:-1])
    for count in words:
        yield [next(words) for _ in range(int(count) + 1)]


def check_named_units(arguments: Sequence[str], units: Mapping[str, Block]) -> None:
    """Raises ValueError where a unit is named that the page lacks."""
    for word in arguments:
        if re.search(r"\.(service|timer)$", word) and word not in units:
            raise ValueError(f"the page has no {word}")


def check_ours(program: str, arguments: Sequence[str]) -> None:
    """Raises ValueError where `sparkify`, or one of the two programs, would refuse its arguments."""
    if program == "python":
        script, *arguments = arguments
        arguments = [Path(script).stem.replace("_", "-"), *arguments]
    try:
        cli.parse(arguments)
    except SystemExit as e:
        raise ValueError("sparkify refuses this command line") from e


BY_THE_CLI: dict[tuple[str, str], set[str]] = {
    ("s3", "mb"): set(),
    ("s3", "ls"): {"--recursive"},
    ("s3", "rm"): {"--recursive"},
    ("s3", "rb"): {"--force"},
    ("s3", "cp"): {"--recursive"},
    ("s3", "sync"): {"--delete"},
    ("cloudformation", "deploy"): {"--stack-name", "--template-file", "--capabilities", "--parameter-overrides"},
}
"""Commands of the AWS CLI that are no operation of a service, and the options that pages may use of them."""

GLOBAL_OPTIONS = {"--query", "--output", "--region", "--profile"}


def check_aws(arguments: Sequence[str]) -> None:
    """Check a call of the AWS CLI against botocore's models of the services.

    Raises:
        ValueError: no such service, operation or option, an option is missing, or its value or `--query` cannot be.
    """
    service, operation, *rest = arguments
    operands, options = _options(rest)
    if (service, operation) in BY_THE_CLI:
        if unknown := options.keys() - BY_THE_CLI[service, operation] - GLOBAL_OPTIONS:
            raise ValueError(f"aws {service} {operation} has no {', '.join(unknown)}")
        return
    model = _model(service)
    if operation == "wait":
        operation = _waiters(service)[operands.pop(0)]
    named = {_dashed(name): name for name in model.operation_names}
    if operation not in named:
        raise ValueError(f"aws {service} has no {operation}")
    called = model.operation_model(named[operation])
    members = called.input_shape.members if called.input_shape else {}
    shapes = {f"--{_dashed(name)}": shape for name, shape in members.items()}
    if operands or options.keys() - set(shapes) - GLOBAL_OPTIONS:
        raise ValueError(f"aws {service} {operation} does not take {[*operands, *options]}")
    required = {f"--{_dashed(name)}" for name in (called.input_shape.required_members if members else ())}
    if missing := required - options.keys():
        raise ValueError(f"aws {service} {operation} needs {missing}")
    for name, values in options.items():
        if name in shapes:
            _check_value(shapes[name], values)
    if "--sql" in options:
        require_redshift_grammar(" ".join(options["--sql"]))
    if "--query" in options:
        parsed_query = import_module("jmespath").compile(" ".join(options["--query"])).parsed
        _answer(parsed_query, called.output_shape)


def _options(words: Iterable[str]) -> tuple[list[str], dict[str, list[str]]]:
    """What stands before the first option, and the values of each option."""
    operands: list[str] = []
    options: dict[str, list[str]] = {}
    into = operands
    for word in words:
        if word.startswith("--"):
            into = options.setdefault(word, [])
        else:
            into.append(word)
    return operands, options


@cache
def _session() -> Any:
    return import_module("botocore.session").Session()


@cache
def _model(service: str) -> Any:
    if service not in _session().get_available_services():
        raise ValueError(f"there is no aws {service}")
    return _session().get_service_model(service)


def _waiters(service: str) -> dict[str, str]:
    waiters = _session().get_waiter_model(service)
    return {_dashed(name): _dashed(waiters.get_waiter(name).operation) for name in waiters.waiter_names}


def _dashed(name: str) -> str:
    return str(import_module("botocore").xform_name(name, "-"))


def _check_value(shape: Any, values: Sequence[str]) -> None:
    """Raises ValueError where an option's values cannot be of a shape; structures are JSON or `Key=value,…`."""
    if getattr(shape, "enum", None) and not set(values) <= set(shape.enum):
        raise ValueError(f"{values} is none of {shape.enum}")
    if shape.type_name in ("integer", "long"):
        [int(value) for value in values]
    if shape.type_name in ("map", "structure"):
        json.loads(" ".join(values))
    if shape.type_name == "list" and shape.member.type_name == "structure":
        for value in values:
            for key in re.findall(r"(?:^|,)(\w+)=", value):
                if key not in shape.member.members:
                    raise ValueError(f"{key} is none of {[*shape.member.members]}")


def _answer(node: Mapping[str, Any], shape: Any) -> Any:
    """The shape of what a JMESPath expression finds in a shape; None where that cannot be told.

    Raises:
        ValueError: it asks for what is not there.
    """
    kind, parts = node["type"], node["children"]
    if shape is None or kind in ("literal", "comparator", "identity"):
        return shape
    if kind == "field":
        if shape.type_name != "structure" or node["value"] not in shape.members:
            raise ValueError(f"{shape.name} has no {node['value']}")
        return shape.members[node["value"]]
    if kind in ("subexpression", "index_expression"):
        for part in parts:
            shape = _answer(part, shape)
        return shape
    if kind in ("index", "slice", "flatten") and not parts:
        return shape.member if kind == "index" else shape
    if kind in ("projection", "filter_projection", "flatten"):
        found = _answer(parts[0], shape)
        member = found.member if kind != "flatten" and found is not None else found
        if kind == "filter_projection":
            for part in parts[2]["children"]:
                _answer(part, member)
        return _answer(parts[1], member) if len(parts) > 1 else found
    if kind == "multi_select_list":
        for part in parts:
            _answer(part, shape)
        return None
    return None
