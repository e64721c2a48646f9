"""The command line. What a command finds out goes to stdout, narration and errors to stderr."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sparkify import __version__
from sparkify.config import Config, load
from sparkify.errors import ConfigError, ExitCode, SparkifyError
from sparkify.progress import Progress, for_terminal

if TYPE_CHECKING:
    from sparkify.engines import Engine

EXIT_CODES = """\
exit codes:
  0    done
  1    the load failed, bad data included
  2    the command line or the configuration cannot be used
  3    the store or the warehouse cannot be reached or opened
  4    a check failed
  130  interrupted
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    options = _parser().parse_args(arguments)
    progress = for_terminal()
    try:
        return int(options.run(options, progress) or ExitCode.DONE)
    except SparkifyError as e:
        return _failed(progress, e, str(e), e.exit_code)
    except KeyboardInterrupt as e:
        return _failed(progress, e, "interrupted", ExitCode.INTERRUPTED)


def _failed(progress: Progress, fault: BaseException, text: str, code: ExitCode) -> int:
    progress.say(f"error: {text}")
    for note in _notes(fault):
        progress.say(note)
    return code


def _notes(fault: BaseException | None) -> list[str]:
    """What a fault says beside its text; a fault on the way out of another one says what that one says."""
    while fault is not None:
        if notes := getattr(fault, "__notes__", None):
            return list(notes)
        fault = fault.__context__
    return ["nothing was changed"]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sparkify",
        description="Keep the Sparkify data warehouse current: JSON logs and song metadata in, a star schema out.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"sparkify {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    create = _command(commands, "create-tables", _create_tables, "create the tables that are missing")
    create.add_argument("--drop", action="store_true", help="drop all tables first, with everything in them")
    create.add_argument("--yes", action="store_true", help="do not ask before dropping")

    etl = _command(commands, "etl", _etl, "load what is new")
    etl.add_argument("--dry-run", action="store_true", help="only list what would be loaded")
    etl.add_argument("--json", action="store_true", help="print the summary as one JSON object")

    _command(commands, "doctor", _doctor, "check all that a load needs, and say what is missing")

    _command(commands, "check", _check, "check the whole warehouse")

    query = _command(commands, "query", _query, "answer a question that ships with the program")
    query.add_argument("name", metavar="NAME", nargs="?", help="the question; without one, all are listed")

    sample = _command(commands, "sample", _sample, "make a bucket of invented data", configured=False)
    sample.add_argument("folder", metavar="DIR", type=Path, help="where to put song_data and log_data")
    sample.add_argument("--songs", type=int, default=1_000, metavar="N", help="how many songs (default: 1,000)")
    sample.add_argument("--events", type=int, default=10_000, metavar="N", help="how many events (default: 10,000)")
    sample.add_argument("--seed", type=int, default=1, metavar="S", help="other data for another seed (default: 1)")
    return parser


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    run: Callable[[argparse.Namespace, Progress], int | None],
    text: str,
    *,
    configured: bool = True,
) -> argparse.ArgumentParser:
    command = commands.add_parser(
        name,
        help=text,
        description=f"{text[0].upper()}{text[1:]}.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(run=run)
    if configured:
        command.add_argument(
            "--config", type=Path, default=Path("dwh.cfg"), metavar="FILE", help="configuration (default: dwh.cfg)"
        )
    return command


def _config(options: argparse.Namespace, progress: Progress) -> Config:
    config = load(options.config)
    for warning in config.warnings:
        progress.say(f"warning: {warning}")
    return config


def _create_tables(options: argparse.Namespace, progress: Progress) -> None:
    from sparkify import create_tables

    config = _config(options, progress)
    if options.drop and not options.yes:
        _confirm(f"Drop all tables of {config.duckdb_path}, with everything in them?")
    print(create_tables.run(config, progress, drop=options.drop))


def _confirm(question: str) -> None:
    if not sys.stdin.isatty():
        raise ConfigError("--drop destroys the warehouse: add --yes to say that you mean it")
    print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise ConfigError("not confirmed")


def _etl(options: argparse.Namespace, progress: Progress) -> None:
    from sparkify import etl, summary

    config = _config(options, progress)
    if options.dry_run:
        plan = etl.dry_run(config, progress)
        print(summary.plan_as_json(plan) if options.json else summary.plan_as_text(plan))
    else:
        done = etl.run(config, progress)
        print(done.as_json() if options.json else done.as_text())


def _doctor(options: argparse.Namespace, progress: Progress) -> int:
    from sparkify import doctor

    is_well = True
    for finding in doctor.examine(options.config, progress):
        print(finding, flush=True)
        is_well = is_well and finding.is_good
    return ExitCode.DONE if is_well else ExitCode.ACCESS


@contextmanager
def _read_only(options: argparse.Namespace, progress: Progress) -> Iterator[Engine]:
    """The warehouse, of our version, for reading."""
    from sparkify import history, warehouse

    with closing(warehouse.connect(_config(options, progress), progress, read_only=True)) as engine:
        history.require_version(engine)
        yield engine


def _check(options: argparse.Namespace, progress: Progress) -> None:
    from sparkify import checks

    with _read_only(options, progress) as engine:
        count = checks.run(engine, checks.ALL_TIME)
        print(f"all {count} checks passed on {engine.place}")


def _query(options: argparse.Namespace, progress: Progress) -> None:
    from sparkify import report

    if not options.name:
        print(report.questions())
        return
    with _read_only(options, progress) as engine:
        print(report.answer(engine, options.name))


def _sample(options: argparse.Namespace, progress: Progress) -> None:
    from sparkify.sample import write_sample

    try:
        with progress.phase(f"write a sample into {options.folder}"):
            sample = write_sample(options.folder, options.songs, options.events, options.seed)
    except (ValueError, OSError) as e:
        raise ConfigError(f"{options.folder}: {e}") from e
    print(f"{sample.songs:,} songs and {sample.events:,} events in {sample.files:,} files ({sample.bytes:,} bytes)")


if __name__ == "__main__":
    sys.exit(main())
