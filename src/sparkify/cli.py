"""The commands. What a command finds out goes to stdout, narration and errors to stderr."""

from __future__ import annotations

import json
import shlex
import signal
import sys
import threading
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

from sparkify import command_line
from sparkify.errors import ConfigError, ExitCode, SparkifyError
from sparkify.progress import Progress, for_terminal, let_go

if TYPE_CHECKING:
    from sparkify.config import Config
    from sparkify.engines import Engine


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # what its encoding lacks
    options = command_line.parse(arguments)
    progress = for_terminal(options.detail)
    try:
        with _stoppable():
            code = COMMANDS[options.command](options, progress)
            sys.stdout.flush()
        return int(code or ExitCode.DONE)
    except SparkifyError as e:
        return _failed(progress, e, str(e), e.exit_code)
    except KeyboardInterrupt as e:
        return _failed(progress, e, "interrupted", ExitCode.INTERRUPTED)
    except BrokenPipeError:
        let_go(sys.stdout)
        return ExitCode.DONE
    except OSError as e:
        # Whatever else is read or written is told as a SparkifyError.
        let_go(sys.stdout)
        progress.warn(f"error: the output cannot be written ({e.strerror}); what the command did before stays")
        return ExitCode.ACCESS


@contextmanager
def _stoppable() -> Iterator[None]:
    """Whoever stops the process by SIGTERM, as systemd does, stops it as Ctrl-C would."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _failed(progress: Progress, fault: BaseException, text: str, code: ExitCode) -> int:
    progress.warn(f"error: {text}")
    for note in _notes(fault):
        progress.warn(note)
    return code


def _notes(fault: BaseException | None) -> list[str]:
    """What a fault says beside its text; a fault on the way out of another one says what that one says."""
    while fault is not None:
        if notes := getattr(fault, "__notes__", None):
            return list(notes)
        fault = fault.__context__
    return ["nothing was changed"]


def _config(options: Namespace, progress: Progress) -> Config:
    from sparkify.config import load

    config = load(options.config)
    for warning in config.warnings:
        progress.warn(f"warning: {warning}")
    return config


@contextmanager
def _read_only(options: Namespace, progress: Progress) -> Iterator[Engine]:
    """The warehouse, of our version, for reading; nothing is read where what is asked for may not be written."""
    from sparkify import history, warehouse

    config = _config(options, progress)
    _require_free_output(options, config)
    with closing(warehouse.connect(config, progress, read_only=True)) as engine:
        history.require_version(engine)
        yield engine


def _require_free_output(options: Namespace, config: Config | None) -> None:
    """Make sure that the command overwrites nothing that a load or the warehouse needs."""
    from sparkify import export, outputs

    if (output := vars(options).get("output")) is not None:
        outputs.require_free_file(output, options.config, config)
    if options.command == "export" and config:
        export.require_free(options.place, options.config, config)


def _create_tables(options: Namespace, progress: Progress) -> None:
    from sparkify import create_tables

    config = _config(options, progress)
    if options.drop and not options.yes:
        cluster = config.cluster
        place = f"redshift://{cluster.host}:{cluster.port}/{cluster.database}" if cluster else config.duckdb_path
        _confirm(f"Drop all tables of {place}, with everything in them?")
    print(create_tables.run(config, progress, drop=options.drop))


def _confirm(question: str) -> None:
    if not sys.stdin.isatty():
        raise ConfigError("--drop destroys the warehouse: add --yes to say that you mean it")
    answer = ""
    try:
        print(f"{question} [y/N] ", end="", file=sys.stderr, flush=True)
        answer = sys.stdin.readline()
    finally:
        if not answer.endswith("\n"):
            print(file=sys.stderr)  # Ctrl-C and Ctrl-D leave the cursor behind the question
    if answer.strip().lower() not in ("y", "yes"):
        raise ConfigError("not confirmed")


def _etl(options: Namespace, progress: Progress) -> None:
    from sparkify import etl, summary

    config = _config(options, progress)
    if options.dry_run:
        plan = etl.dry_run(config, progress)
        print(summary.plan_as_json(plan) if options.json else summary.plan_as_text(plan))
    else:
        done = etl.run(config, progress)
        print(done.as_json() if options.json else done.as_text())


def _doctor(options: Namespace, progress: Progress) -> int:
    from sparkify import doctor, formats

    findings = []
    for finding in doctor.examine(options.config, progress):
        findings.append(finding)
        if not options.json:
            print(finding, flush=True)
    if options.json:
        print(json.dumps({"version": formats.JSON_VERSION, "findings": [vars(finding) for finding in findings]}))
    return ExitCode.DONE if all(finding.is_good for finding in findings) else ExitCode.ACCESS


def _check(options: Namespace, progress: Progress) -> None:
    from sparkify import checks, formats, sql_queries

    with _read_only(options, progress) as engine, engine.snapshot():
        count = checks.run(engine, checks.ALL_TIME)
        if options.json:
            passed = sql_queries.names("checks")
            print(json.dumps({"version": formats.JSON_VERSION, "warehouse": engine.place, "passed": passed}))
        else:
            print(f"all {count} checks passed on {engine.place}")


def _status(options: Namespace, progress: Progress) -> None:
    from datetime import UTC, datetime

    from sparkify import status

    with _read_only(options, progress) as engine:
        found = status.examine(engine, datetime.now(UTC).replace(tzinfo=None))
    print(found.as_json() if options.json else found.as_text())
    if options.max_age is not None:
        found.require_fresh(options.max_age)


def _query(options: Namespace, progress: Progress) -> None:
    from sparkify import formats, questions

    if options.question is None:
        _require_free_output(options, _readable_config(options))
        formats.write(questions.listed(), options.format, options.output)
        return
    sql = questions.statement(options.question)
    chosen = questions.Filter(options.first_day, options.last_day, options.level, options.limit)
    questions.require_options(sql, chosen)
    with _read_only(options, progress) as engine, engine.snapshot():
        answer, is_whole = engine.ask(sql, chosen.values()).read_ahead()
        if not is_whole:
            formats.write(answer, options.format, options.output)
    if is_whole:  # whoever reads it slowly, as in a pager, does not keep the warehouse open
        formats.write(answer, options.format, options.output)


def _readable_config(options: Namespace) -> Config | None:
    """What the configuration says; None where there is none that can be read."""
    from sparkify.config import load

    with suppress(ConfigError):
        return load(options.config)
    return None


def _report(options: Namespace, progress: Progress) -> None:
    from datetime import UTC, datetime

    from sparkify import outputs, report

    now = datetime.now(UTC).replace(tzinfo=None)
    with _read_only(options, progress) as engine, engine.snapshot(), progress.phase("report"):
        page = report.page(engine, options.first_day, options.last_day, options.level, now, _config_option(options))
    with outputs.replaced(options.output) as new:
        new.write_text(page, encoding="utf-8")
    print(options.output)


def _config_option(options: Namespace) -> str:
    """The option by which a command line of the report finds the same warehouse."""
    return "" if options.config == Path("dwh.cfg") else shlex.join(["--config", str(options.config)])


def _rejected(options: Namespace, progress: Progress) -> None:
    from sparkify import etl, rejected

    if options.retry:
        done = etl.run(_config(options, progress), progress, only_rejected=True)
        print(done.as_json() if options.json else done.as_text())
        return
    with _read_only(options, progress) as engine:
        records = rejected.listed(engine)
    print(rejected.as_json(records) if options.json else rejected.as_text(records, raw=options.raw))


def _export(options: Namespace, progress: Progress) -> None:
    from sparkify import export

    with _read_only(options, progress) as engine, engine.snapshot():
        print(export.run(engine, options.place, progress, overwrite=options.overwrite))


def _sample(options: Namespace, progress: Progress) -> None:
    from sparkify.sample import write_sample

    try:
        with progress.phase(f"write a sample into {options.folder}"):
            sample = write_sample(options.folder, options.songs, options.events, options.seed)
    except (ValueError, OSError) as e:
        raise ConfigError(f"{options.folder}: {e}") from e
    except KeyboardInterrupt as e:
        e.add_note(f"a part of the sample stays in {options.folder}; delete that folder before the next try")
        raise
    print(f"{sample.songs:,} songs and {sample.events:,} events in {sample.files:,} files ({sample.bytes:,} bytes)")


def _completion(options: Namespace, progress: Progress) -> None:
    from sparkify import completion

    print(completion.script(options.shell))


COMMANDS: dict[str, Callable[[Namespace, Progress], int | None]] = {
    "create-tables": _create_tables,
    "etl": _etl,
    "doctor": _doctor,
    "check": _check,
    "status": _status,
    "query": _query,
    "report": _report,
    "rejected": _rejected,
    "export": _export,
    "sample": _sample,
    "completion": _completion,
}


if __name__ == "__main__":
    sys.exit(main())
