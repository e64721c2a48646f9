"""The commands, a module each: the options of a command, what it does, and its words.

Every module has what `Command` lists, and a line in `COMMANDS` of `cli.py`. A typed command imports its own module
alone, but `--help` imports all of them. So a module imports at its top nothing that takes long, such as a database
driver, a client of S3 or a library that draws charts; `run` imports those.
"""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

from sparkify import history, sql_queries, warehouse
from sparkify.command_line import Parser
from sparkify.config import Config, load
from sparkify.engines.engine import Engine, HeldError
from sparkify.errors import AccessError, ConfigError, InterruptError, SparkifyError
from sparkify.output import JSON_VERSION, escape_control_characters
from sparkify.progress import Progress

SECRET_VARIABLES = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
"""The environment variables of AWS that hold secrets."""

SAMPLE_SONGS, SAMPLE_EVENTS, SAMPLE_SEED = 1_000, 10_000, 1
"""Which sample is written unless a person says otherwise."""


@dataclass(frozen=True)
class Result:
    """The outcome of a command: lines for a person, fields of a JSON object for a program.

    `fault` is why the command ends with another exit code than 0, and `stays` says what stays of what it did.
    """

    lines: Sequence[str] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)
    fault: SparkifyError | None = None
    stays: Sequence[str] = ("nothing was changed",)


def result_of(command: Callable[[], Result]) -> Result:
    """The result of a command; one with a fault if the command raised it."""
    try:
        return command()
    except SparkifyError as e:
        return Result(fault=e, stays=_notes(e))
    except KeyboardInterrupt as e:
        return Result(fault=InterruptError("interrupted"), stays=_notes(e))
    except OSError as e:
        if e.filename is not None:
            fault = AccessError(f"{os.fsdecode(e.filename)}: {e.strerror}; look at its rights, and at the path")
        elif isinstance(e, FileNotFoundError):  # os.getcwd; an open stream knows no such fault
            fault = AccessError("the current folder was deleted; change into one that is there, and run again")
        else:  # an open stream, and so stdout
            raise
        return Result(fault=fault, stays=_notes(e))


def _notes(fault: BaseException | None) -> list[str]:
    """The notes of a fault, or those of the fault that it was raised from."""
    while fault is not None:
        if notes := getattr(fault, "__notes__", None):
            return list(notes)
        fault = fault.__context__
    return ["nothing was changed"]


def as_object(result: Result, progress: Progress) -> dict[str, Any]:
    """The result as programs read it; fields may be added, none changes its meaning within a version."""
    content: dict[str, Any] = {"version": JSON_VERSION, "ok": result.fault is None}
    if fault := result.fault:
        content |= {
            "exit_code": int(fault.exit_code),
            "error": progress.without_secrets("\n".join(fault.lines)),
            "object": fault.object,
            "line": fault.line,
            "column": fault.column,
            "stays": progress.without_secrets("\n".join(result.stays)),
            **fault.fields,
        }
    return content | dict(result.fields) | {"warnings": progress.warnings}


class Command(Protocol):
    """What the module of a command holds."""

    HELP: str
    """What the command does, in one line of the list of commands: small letters first, no full stop."""

    EXAMPLES: Sequence[str]
    """Lines that a person can type in a shell."""

    @staticmethod
    def add_options(parser: Parser) -> None:
        """Add the options of the command, without those of the narration, which every command has."""
        ...

    @staticmethod
    def run(options: Namespace, progress: Progress) -> Result:
        """Do what the command is for.

        Raises:
            SparkifyError: it failed; the class decides the exit code.
        """
        ...


def configuration(options: Namespace, progress: Progress) -> Config:
    """The configuration that the options name. Its warnings are narrated, and its secrets kept out of the narration.

    Raises:
        ConfigError: the file or a value cannot be used.
    """
    config = load(options.config)
    progress.secrets = secrets_of(config)
    progress.warn(*config.warnings)
    return config


def secrets_of(config: Config) -> tuple[str, ...]:
    """The secrets of the configuration, and those of AWS in the environment."""
    return (*config.secrets, *(os.environ.get(name, "") for name in SECRET_VARIABLES))


def require_yes(question: str, what: str, options: Namespace) -> None:
    """Ask the person at the terminal, before something is destroyed. `what` says what destroys, to who cannot be asked.

    Raises:
        ConfigError: nobody can be asked, or the answer is not yes.
    """
    if options.log != "text" or not sys.stdin.isatty():
        raise ConfigError(f"{what}: add --yes to say that you mean it")
    answer = ""
    try:
        print(f"{escape_control_characters(question)} [y/N] ", end="", file=sys.stderr, flush=True)
        answer = sys.stdin.readline()
    finally:
        if not answer.endswith("\n"):
            print(file=sys.stderr)  # Ctrl-C and Ctrl-D leave the cursor behind the question
    if answer.strip().lower() not in ("y", "yes"):
        raise ConfigError("not confirmed")


def write_sample(
    folder: Path,
    progress: Progress,
    songs: int = SAMPLE_SONGS,
    events: int = SAMPLE_EVENTS,
    seed: int = SAMPLE_SEED,
) -> str:
    """Write a bucket of invented data into a folder; a sentence about it.

    Raises:
        ConfigError: a number is negative, or the folder already holds a bucket.
        AccessError: it cannot be written.
    """
    from sparkify import sample

    try:
        with progress.phase(f"write a sample into {folder}"):
            made = sample.write_sample(folder, songs, events, seed)
    except ValueError as e:
        raise ConfigError(f"{folder}: {e}") from e
    except OSError as e:
        fault = AccessError(f"{e.filename or folder}: cannot be written ({e.strerror}); look at rights and room there")
        _note_part_of_sample(folder, fault)
        raise fault from e
    except KeyboardInterrupt as e:
        _note_part_of_sample(folder, e)
        raise
    return f"{made.songs:,} songs and {made.events:,} events in {made.files:,} files ({made.bytes:,} bytes)"


def _note_part_of_sample(folder: Path, fault: BaseException) -> None:
    if (folder / "song_data").exists():
        names = "song_data, log_data and log_json_path.json"
        fault.add_note(f"a part of the sample stays in {folder}; delete its {names} before the next try")


def read_only(config: Config, progress: Progress) -> AbstractContextManager[Engine]:
    """The warehouse, open for reading until the end of the block.

    Raises:
        AccessError: it cannot be reached or opened.
        ConfigError: there is none, or one of another version.
    """
    return _checked(warehouse.connect(config, progress, read_only=True))


def copy_for_readers(config: Config, progress: Progress) -> AbstractContextManager[Engine]:
    """The copy for readers (`[DUCKDB] PUBLISH`), so that no load waits; the warehouse where there is no copy yet."""
    return _checked(_copy(config, progress) or warehouse.connect(config, progress, read_only=True))


def warehouse_or_copy(config: Config, progress: Progress) -> AbstractContextManager[Engine]:
    """The warehouse, which knows of failed runs too; the copy for readers while a load holds it, if there is one."""
    return _checked(_warehouse_or_copy(config, progress))


@contextmanager
def _checked(engine: Engine) -> Iterator[Engine]:
    """A warehouse of this program's version, until the end of the block."""
    with closing(engine):
        history.require_version(engine)
        yield engine


def _warehouse_or_copy(config: Config, progress: Progress) -> Engine:
    if config.publish and config.publish.exists():
        try:
            return warehouse.connect(replace(config, lock_timeout=0), progress, read_only=True)
        except HeldError:
            if copy := _copy(config, progress):
                progress.warn(f"{config.warehouse}: another process holds it; this is of its copy, {copy.address}")
                return copy
    return warehouse.connect(config, progress, read_only=True)


def _copy(config: Config, progress: Progress) -> Engine | None:
    """The copy for readers; None when there is none of this program's version, or it cannot be opened."""
    if not config.publish or not config.publish.exists():
        return None
    try:
        copy = warehouse.connect(replace(config, duckdb_path=config.publish, lock_timeout=0), progress, read_only=True)
    except AccessError as e:
        progress.warn(f"{e}; the warehouse itself is read")
        return None
    if history.version(copy) == sql_queries.WAREHOUSE_VERSION:
        return copy
    copy.close()
    return None
