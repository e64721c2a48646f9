"""The program: a command line in, an exit code out. Results go to stdout, narration and errors to stderr."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from io import TextIOWrapper
from typing import cast

from sparkify import __version__
from sparkify.command_line import EXIT_CODES, Parser, add_narration, typed_log
from sparkify.commands import Command, Result, as_object, result_of
from sparkify.errors import ExitCode, UsageError
from sparkify.output import write_json, write_lines
from sparkify.progress import Progress, discard_rest, for_terminal

COMMANDS = {
    "init": "sparkify.commands.init",
    "create-tables": "sparkify.commands.create_tables",
    "etl": "sparkify.commands.etl",
    "doctor": "sparkify.commands.doctor",
    "check": "sparkify.commands.check",
    "status": "sparkify.commands.status",
    "query": "sparkify.commands.query",
    "report": "sparkify.commands.report",
    "rejected": "sparkify.commands.rejected",
    "export": "sparkify.commands.export",
    "import": "sparkify.commands.import_warehouse",
    "forget": "sparkify.commands.forget",
    "sample": "sparkify.commands.sample",
    "completion": "sparkify.commands.completion",
}
"""The module of each command, in the order in which help shows them."""


STOPPING = (signal.SIGTERM, signal.SIGHUP)
"""Signals that end a program."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit code."""
    _open_standard_streams()
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # what its encoding lacks
    gc.set_threshold(1_000_000)  # a load makes hundreds of thousands of small objects, and no cycles of them
    typed = sys.argv[1:] if arguments is None else [*arguments]
    try:
        options = parse(typed)
    except UsageError as e:
        refused = Result(fault=e)
        return _run(lambda: refused, for_terminal(log=typed_log(typed)), is_json="--json" in typed)
    progress = for_terminal(options.detail, options.log)
    progress.command = options.command
    # An answer as JSON that goes to stdout is followed by nothing else there.
    is_answer_as_json = getattr(options, "format", "") == "json" and options.output is None
    is_json = is_answer_as_json or getattr(options, "json", False)
    return _run(lambda: options.run(options, progress), progress, is_json=is_json)


def _open_standard_streams() -> None:
    """Open what the caller has closed (`>&-`), so that a command runs as with its output thrown away."""
    sys.stdin = sys.stdin or open(os.devnull)  # noqa: SIM115
    sys.stdout = sys.stdout or open(os.devnull, "w")  # noqa: SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w")  # noqa: SIM115


# ---------------------------------------------------------------- the command line


def parse(arguments: Sequence[str]) -> Namespace:
    """The options of a command line. `run` is the function of the command, `parser` its parser.

    Raises:
        UsageError: the line cannot be used.
    """
    if not arguments:
        parser().print_help(sys.stderr)
        sys.exit(ExitCode.USAGE)
    arguments = _command_first(arguments)
    typed = arguments[0]
    options, rest = parser([typed] if typed in COMMANDS else COMMANDS).parse_known_args(arguments)
    if rest:
        options.parser.error(f"unrecognized arguments: {' '.join(rest)}")
    return options


def _command_first(arguments: Sequence[str]) -> Sequence[str]:
    """The same command line with its command before its options, which people also type the other way round."""
    names = [_command_name(word) for word in arguments]
    at = 0
    if arguments[0].startswith("-"):
        at = next((at for at, name in enumerate(names) if name in COMMANDS), 0)
    return [names[at], *arguments[:at], *arguments[at + 1 :]]


def _command_name(word: str) -> str:
    """The name of the command that a word means: `create_tables`, as the script is called, is `create-tables` too."""
    name = word.replace("_", "-")
    return name if name in COMMANDS else word


def parser(names: Iterable[str] = tuple(COMMANDS)) -> Parser:
    """A parser of some commands, whose modules it imports; of all, unless some are named."""
    whole = Parser(
        prog="sparkify",
        description="Keep the Sparkify data warehouse current: JSON logs and song metadata in, a star schema out.",
        epilog=EXIT_CODES,
    )
    whole.add_argument("--version", action="version", version=f"sparkify {__version__}", help="show the version")
    commands = whole.add_subparsers(title="commands", metavar="COMMAND", dest="command", required=True)
    whole.commands = commands.choices
    for name in names:
        command = cast(Command, import_module(COMMANDS[name]))
        examples = "\n".join(["examples:", *(f"  {example}" for example in command.EXAMPLES)])
        of_command = commands.add_parser(
            name,
            help=command.HELP,
            description=f"{command.HELP[0].upper()}{command.HELP[1:]}.",
            epilog=f"{examples}\n\n{EXIT_CODES}",
        )
        command.add_options(of_command)
        add_narration(of_command)
        of_command.set_defaults(run=command.run, parser=of_command, whole_parser=parser)
    return whole


# ---------------------------------------------------------------- running a command


def _run(command: Callable[[], Result], progress: Progress, *, is_json: bool) -> int:
    """Run a command and write its result; the exit code."""
    code = ExitCode.DONE
    try:
        with _stoppable():
            result = result_of(command)
            code = result.fault.exit_code if result.fault else ExitCode.DONE
            _write(result, progress, is_json=is_json and (result.fault is not None or bool(result.fields)))
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


@contextmanager
def _stoppable() -> Iterator[None]:
    """Take the signals by which systemd and Docker stop a process, and a terminal that closes, as Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    taken = [number for number in STOPPING if signal.getsignal(number) is not signal.SIG_IGN]  # nohup ignores SIGHUP
    before = {number: signal.signal(number, signal.default_int_handler) for number in taken}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


# ---------------------------------------------------------------- writing its result


def _write(result: Result, progress: Progress, *, is_json: bool) -> None:
    if not is_json:
        write_lines(result.lines, sys.stdout)
    if isinstance(result.fault, UsageError):
        progress.usage_error(result.fault.program, str(result.fault), result.fault.usage)
    elif result.fault:
        progress.error(result.fault.lines, result.stays)
    if is_json:
        write_json(as_object(result, progress), sys.stdout)


if __name__ == "__main__":
    sys.exit(main())
