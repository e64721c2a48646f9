"""The commands. What a command finds out goes to stdout, narration and errors to stderr."""

from __future__ import annotations

import gc
import shlex
import signal
import sys
import threading
from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sparkify import command_line
from sparkify.errors import ConfigError, ExitCode, InterruptError, SparkifyError, UsageError
from sparkify.output import JSON_VERSION, escape_control_characters, write_json, write_lines
from sparkify.progress import Progress, discard_rest, for_terminal

if TYPE_CHECKING:
    from sparkify.config import Config
    from sparkify.engines.engine import Engine


@dataclass(frozen=True)
class Result:
    """What a command found out: lines for a person, fields of a JSON object for a program.

    `fault` is why the command ends with another exit code than 0, and `stays` says what stays of what it did.
    """

    lines: Sequence[str] = ()
    fields: Mapping[str, Any] = field(default_factory=dict)
    fault: SparkifyError | None = None
    stays: Sequence[str] = ("nothing was changed",)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # what its encoding lacks
    gc.set_threshold(100_000)  # a load makes hundreds of thousands of small objects, and no cycles of them
    typed = sys.argv[1:] if arguments is None else [*arguments]
    try:
        options = command_line.parse(typed)
    except UsageError as e:
        refused = Result(fault=e)
        return _run(lambda: refused, for_terminal(log=command_line.typed_log(typed)), is_json="--json" in typed)
    progress = for_terminal(options.detail, options.log)
    command = COMMANDS[options.command]
    return _run(lambda: command(options, progress), progress, is_json=getattr(options, "json", False))


def _run(command: Callable[[], Result], progress: Progress, *, is_json: bool) -> int:
    """Run a command and write its result; the exit code."""
    code = ExitCode.DONE
    try:
        with _stoppable():
            result = _result(command)
            code = result.fault.exit_code if result.fault else ExitCode.DONE
            _write(result, progress, is_json=is_json)
            sys.stdout.flush()
    except KeyboardInterrupt:
        progress.error(["interrupted"], ["the output is not complete; what the command did before stays"])
        code = ExitCode.INTERRUPTED
    except BrokenPipeError:
        discard_rest(sys.stdout)
    except OSError as e:
        # Every other fault of a file or of the network is a SparkifyError.
        discard_rest(sys.stdout)
        progress.error([f"the output cannot be written ({e.strerror}); what the command did before stays"], [])
        code = code or ExitCode.ACCESS
    return int(code)


def _result(command: Callable[[], Result]) -> Result:
    """The result of a command, or what it raised as one."""
    try:
        return command()
    except SparkifyError as e:
        return Result(fault=e, stays=_notes(e))
    except KeyboardInterrupt as e:
        return Result(fault=InterruptError("interrupted"), stays=_notes(e))


@contextmanager
def _stoppable() -> Iterator[None]:
    """Take SIGTERM, by which systemd stops a process, as Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _notes(fault: BaseException | None) -> list[str]:
    """The notes of a fault, or those of the fault that it was raised from."""
    while fault is not None:
        if notes := getattr(fault, "__notes__", None):
            return list(notes)
        fault = fault.__context__
    return ["nothing was changed"]


def _write(result: Result, progress: Progress, *, is_json: bool) -> None:
    if not is_json:
        write_lines(result.lines, sys.stdout)
    if isinstance(result.fault, UsageError):
        progress.usage_error(result.fault.program, str(result.fault), result.fault.usage)
    elif result.fault:
        progress.error(result.fault.lines, result.stays)
    if is_json:
        write_json(_as_object(result, progress), sys.stdout)


def _as_object(result: Result, progress: Progress) -> dict[str, Any]:
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


def _config(options: Namespace, progress: Progress) -> Config:
    from sparkify.config import load

    config = load(options.config)
    progress.secrets = config.secrets
    for warning in config.warnings:
        progress.warn(warning)
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


def _create_tables(options: Namespace, progress: Progress) -> Result:
    from sparkify import create_tables

    config = _config(options, progress)
    if options.drop and not options.yes:
        cluster = config.cluster
        place = f"redshift://{cluster.host}:{cluster.port}/{cluster.database}" if cluster else config.duckdb_path
        _confirm(f"Drop all tables of {place}, with everything in them?", can_ask=options.log == "text")
    return Result([create_tables.run(config, progress, drop=options.drop)])


def _confirm(question: str, *, can_ask: bool) -> None:
    if not can_ask or not sys.stdin.isatty():
        raise ConfigError("--drop destroys the warehouse: add --yes to say that you mean it")
    answer = ""
    try:
        print(f"{escape_control_characters(question)} [y/N] ", end="", file=sys.stderr, flush=True)
        answer = sys.stdin.readline()
    finally:
        if not answer.endswith("\n"):
            print(file=sys.stderr)  # Ctrl-C and Ctrl-D leave the cursor behind the question
    if answer.strip().lower() not in ("y", "yes"):
        raise ConfigError("not confirmed")


def _etl(options: Namespace, progress: Progress) -> Result:
    from sparkify import etl, summary

    config = _config(options, progress)
    if options.dry_run:
        plan = etl.dry_run(config, progress)
        return Result(summary.plan_lines(plan), summary.plan_fields(plan))
    done = etl.run(config, progress)
    return Result(done.lines(), done.fields())


def _doctor(options: Namespace, progress: Progress) -> Result:
    from sparkify import doctor

    findings = []
    for finding in doctor.examine(options.config, progress):
        findings.append(replace(finding, text=progress.without_secrets(finding.text)))
        if not options.json:
            write_lines([str(findings[-1])], sys.stdout)  # at once, for the next check may take long
    return Result(fields={"findings": [vars(finding) for finding in findings]}, fault=doctor.fault(findings))


def _check(options: Namespace, progress: Progress) -> Result:
    from sparkify import checks, sql_queries

    with _read_only(options, progress) as engine, engine.snapshot():
        failed = checks.failures(engine, checks.ALL_TIME)
    passed = [name for name in sql_queries.names("checks") if name not in [each.check for each in failed]]
    fields = {"warehouse": engine.place, "passed": passed}
    if failed:
        return Result(fields=fields, fault=checks.fault(failed))
    return Result([f"all {len(passed)} checks passed on {engine.place}"], fields)


def _status(options: Namespace, progress: Progress) -> Result:
    from datetime import UTC, datetime

    from sparkify import status

    with _read_only(options, progress) as engine:
        health = status.examine(engine, datetime.now(UTC).replace(tzinfo=None))
    for warning in health.warnings():
        progress.warn(warning)
    fault = health.fault(options.max_age, allow_failed_run=options.allow_failed_run)
    return Result(health.lines(), health.fields(), fault)


def _query(options: Namespace, progress: Progress) -> Result:
    from sparkify import formats, questions

    if options.question is None:
        _require_free_output(options, _readable_config(options))
        formats.write(questions.listed(), options.format, options.output)
        return Result()
    sql = questions.statement(options.question)
    chosen = questions.Filter(options.first_day, options.last_day, options.level, options.limit)
    questions.require_options(sql, chosen)
    with _read_only(options, progress) as engine, engine.snapshot():
        answer, is_whole = engine.ask(sql, chosen.values()).read_ahead()
        if not is_whole:
            formats.write(answer, options.format, options.output)
    if is_whole:  # a slow reader, such as a pager, does not keep the warehouse open
        formats.write(answer, options.format, options.output)
    return Result()


def _readable_config(options: Namespace) -> Config | None:
    """What the configuration says; None where there is none that can be read."""
    from sparkify.config import load

    with suppress(ConfigError):
        return load(options.config)
    return None


def _report(options: Namespace, progress: Progress) -> Result:
    from datetime import UTC, datetime

    from sparkify import outputs, report

    now = datetime.now(UTC).replace(tzinfo=None)
    with _read_only(options, progress) as engine, engine.snapshot(), progress.phase("report"):
        page = report.page(engine, options.first_day, options.last_day, options.level, now, _config_option(options))
    with outputs.replaced(options.output) as new:
        new.write_text(page, encoding="utf-8")
    return Result([str(options.output)])


def _config_option(options: Namespace) -> str:
    """The option by which a command line of the report finds the same warehouse."""
    return "" if options.config == Path("dwh.cfg") else shlex.join(["--config", str(options.config)])


def _rejected(options: Namespace, progress: Progress) -> Result:
    from sparkify import etl, rejected

    if options.retry:
        done = etl.run(_config(options, progress), progress, only_rejected=True)
        return Result(done.lines(), done.fields())
    with _read_only(options, progress) as engine:
        records = rejected.listed(engine)
    return Result(rejected.lines(records, raw=options.raw), rejected.fields(records))


def _export(options: Namespace, progress: Progress) -> Result:
    from sparkify import export

    with _read_only(options, progress) as engine, engine.snapshot():
        return Result([export.run(engine, options.place, progress, overwrite=options.overwrite)])


def _sample(options: Namespace, progress: Progress) -> Result:
    from sparkify.sample import write_sample

    try:
        with progress.phase(f"write a sample into {options.folder}"):
            sample = write_sample(options.folder, options.songs, options.events, options.seed)
    except (ValueError, OSError) as e:
        raise ConfigError(f"{options.folder}: {e}") from e
    except KeyboardInterrupt as e:
        e.add_note(f"a part of the sample stays in {options.folder}; delete that folder before the next try")
        raise
    return Result(
        [f"{sample.songs:,} songs and {sample.events:,} events in {sample.files:,} files ({sample.bytes:,} bytes)"]
    )


def _completion(options: Namespace, progress: Progress) -> Result:
    from sparkify import completion

    print(completion.script(options.shell))  # the program's own text, in which tabs are tabs
    return Result()


COMMANDS: dict[str, Callable[[Namespace, Progress], Result]] = {
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
