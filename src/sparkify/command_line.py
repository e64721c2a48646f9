"""What can be typed: the commands, their options, their help, and what was probably meant by a mistyped one.

Nothing is imported here that a command needs to run, so that help and completion come at once.
"""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, NoReturn

from sparkify import __version__
from sparkify.errors import ExitCode, UsageError

EXIT_CODES = "\n".join(["exit codes:", *(f"  {code:<4} {code.meaning}" for code in ExitCode), ""])

SHELLS = ("bash", "zsh", "fish")

FORMATS = ("table", "csv", "json", "parquet")


class Parser(argparse.ArgumentParser):
    """A parser that knows which word was probably meant."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(
            formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, add_help=False, **settings
        )
        self.commands: dict[str, Parser] = {}
        self.add_argument("-h", "--help", action="help", help="show this help")

    def error(self, message: str) -> NoReturn:
        """Refuse the command line.

        Raises:
            UsageError: always; it says what is wrong and what was probably meant.
        """
        typed = re.search(r"invalid choice: '(.*?)'|unrecognized arguments: (\S+)", message)
        word = (typed[1] or typed[2]).partition("=")[0] if typed else ""
        options = (name for name in self._option_string_actions if name.startswith("--"))
        if close := difflib.get_close_matches(word, [*options, *self.commands], n=1):
            message = f"{message.partition(' (choose from')[0]}; did you mean {close[0]}?"
        raise UsageError(self.prog, message, self.format_usage())


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The options of a command line; `command` is the name of the command.

    Raises:
        UsageError: the line cannot be used.
    """
    whole = parser()
    if not (sys.argv[1:] if arguments is None else arguments):
        whole.print_help(sys.stderr)
        sys.exit(ExitCode.USAGE)
    options, rest = whole.parse_known_args(arguments)
    if rest:
        options.parser.error(f"unrecognized arguments: {' '.join(rest)}")
    return options


def typed_log(arguments: Sequence[str]) -> Literal["text", "json"]:
    """The form of the narration that a command line asks for, which may be one that cannot be used."""
    is_json = "--log=json" in arguments or ("--log", "json") in pairwise(arguments)
    return "json" if is_json else "text"


def parser() -> Parser:
    """All commands."""
    whole = Parser(
        prog="sparkify",
        description="Keep the Sparkify data warehouse current: JSON logs and song metadata in, a star schema out.",
        epilog=EXIT_CODES,
    )
    whole.add_argument("--version", action="version", version=f"sparkify {__version__}", help="show the version")
    commands = whole.add_subparsers(title="commands", metavar="COMMAND", dest="command", required=True)
    for add in COMMANDS:
        add(commands)
    whole.commands = commands.choices
    return whole


Commands = argparse._SubParsersAction


def _command(
    commands: Commands[Parser], name: str, text: str, examples: Sequence[str], *, is_configured: bool = True
) -> Parser:
    """A command with what all have: a sentence, examples, the configuration, how much is said."""
    shown = "\n".join(["examples:", *(f"  {example}" for example in examples)])
    command = commands.add_parser(
        name, help=text, description=f"{text[0].upper()}{text[1:]}.", epilog=f"{shown}\n\n{EXIT_CODES}"
    )
    command.set_defaults(parser=command)
    if is_configured:
        command.add_argument(
            "--config", type=Path, default=Path("dwh.cfg"), metavar="FILE", help="configuration (default: dwh.cfg)"
        )
    said = command.add_mutually_exclusive_group()
    said.add_argument(
        "-q", "--quiet", dest="detail", action="store_const", const="quiet", help="no narration: say only what is wrong"
    )
    said.add_argument(
        "-v", "--verbose", dest="detail", action="store_const", const="verbose", help="show every statement, timed"
    )
    command.set_defaults(detail="normal")
    command.add_argument(
        "--log",
        choices=("text", "json"),
        default="text",
        help="narration on stderr as text, or as a JSON object a line",
    )
    return command


def _json(command: Parser, what: str) -> None:
    command.add_argument("--json", action="store_true", help=f"print {what} as one JSON object")


def _create_tables(commands: Commands[Parser]) -> None:
    command = _command(
        commands,
        "create-tables",
        "create the tables that are missing",
        ["sparkify create-tables", "sparkify create-tables --drop --yes    # start afresh; etl loads all again"],
    )
    command.add_argument("--drop", action="store_true", help="drop all tables first, with everything in them")
    command.add_argument("--yes", action="store_true", help="do not ask before dropping")


def _etl(commands: Commands[Parser]) -> None:
    command = _command(
        commands,
        "etl",
        "load what is new",
        ["sparkify etl", "sparkify etl --dry-run", "sparkify etl --quiet --json >> loads.jsonl"],
    )
    command.add_argument("--dry-run", action="store_true", help="only list what would be loaded")
    _json(command, "the summary")


def _doctor(commands: Commands[Parser]) -> None:
    command = _command(
        commands,
        "doctor",
        "check all that a load needs, and say what is missing",
        ["sparkify doctor", "sparkify doctor --config staging.cfg"],
    )
    _json(command, "the findings")


def _check(commands: Commands[Parser]) -> None:
    command = _command(commands, "check", "check the whole warehouse", ["sparkify check", "sparkify check --json"])
    _json(command, "the checks")


def _status(commands: Commands[Parser]) -> None:
    command = _command(
        commands,
        "status",
        "show what arrived when, what the warehouse holds, and how the last runs went",
        [
            "sparkify status",
            "sparkify status --quiet --max-age 26h    # for a monitor: exit code 4 when logs are late or a run failed",
        ],
    )
    command.add_argument(
        "--max-age", type=_duration, metavar="TIME", help="exit with 4 when logs arrived longer ago: 90min, 26h, 2d"
    )
    command.add_argument("--allow-failed-run", action="store_true", help="exit with 0 though the last run failed")
    _json(command, "the status")


def _query(commands: Commands[Parser]) -> None:
    command = _command(
        commands,
        "query",
        "answer a question that ships with the program, or SQL; nothing can be changed by it",
        [
            "sparkify query    # lists the questions",
            "sparkify query most_played_songs --from 2018-11-01 --to 2018-11-07 --level paid --limit 20",
            'sparkify query "select level, count(*) as plays from plays group by level" --format csv',
            "sparkify query plays_by_day --format parquet --output plays_by_day.parquet",
        ],
    )
    command.add_argument("question", metavar="NAME|SQL", nargs="?", help="the question; without one, all are listed")
    command.add_argument("--format", choices=FORMATS, default="table", help="how to print it (default: table)")
    command.add_argument("--output", type=_file, metavar="FILE", help="write into a file and not to stdout")
    _filters(command)
    command.add_argument("--limit", type=_count, metavar="N", help="rows of a ranking (default: 10)")


def _report(commands: Commands[Parser]) -> None:
    command = _command(
        commands,
        "report",
        "write the report: one HTML file that needs nothing else",
        ["sparkify report", "sparkify report --from 2018-11-01 --to 2018-11-30 --level paid --output november.html"],
    )
    command.add_argument(
        "--output", type=_file, default=Path("report.html"), metavar="FILE", help="the file (default: report.html)"
    )
    _filters(command)


def _filters(command: Parser) -> None:
    command.add_argument("--from", dest="first_day", type=_day, metavar="DAY", help="first day, as 2018-11-01 (UTC)")
    command.add_argument("--to", dest="last_day", type=_day, metavar="DAY", help="last day, which counts too")
    command.add_argument("--level", choices=("free", "paid"), help="only plays of listeners at this level")


def _rejected(commands: Commands[Parser]) -> None:
    command = _command(
        commands,
        "rejected",
        "list the records that were set aside, or load their objects again",
        [
            "sparkify rejected",
            "sparkify rejected --raw    # with the text of each record",
            "sparkify rejected --retry    # after the JSONPaths file was corrected; repaired objects need only etl",
        ],
    )
    command.add_argument("--raw", action="store_true", help="show the text of the records too")
    command.add_argument("--retry", action="store_true", help="load the objects again in which they stand")
    _json(command, "the records, or the summary of --retry,")


def _export(commands: Commands[Parser]) -> None:
    command = _command(
        commands,
        "export",
        "write the star schema as Parquet files, a folder for each table",
        ["sparkify export parquet", "sparkify export s3://my-bucket/parquet --overwrite    # from Redshift"],
    )
    command.add_argument("place", metavar="DIR", help="a folder; from Redshift, s3://bucket/prefix")
    command.add_argument("--overwrite", action="store_true", help="replace the tables that are there")


def _sample(commands: Commands[Parser]) -> None:
    command = _command(
        commands,
        "sample",
        "make a bucket of invented data",
        ["sparkify sample bucket", "sparkify sample bucket --songs 100 --events 1000 --seed 7"],
        is_configured=False,
    )
    command.add_argument("folder", metavar="DIR", type=Path, help="where to put song_data and log_data")
    command.add_argument("--songs", type=int, default=1_000, metavar="N", help="how many songs (default: 1,000)")
    command.add_argument("--events", type=int, default=10_000, metavar="N", help="how many events (default: 10,000)")
    command.add_argument("--seed", type=int, default=1, metavar="S", help="other data for another seed (default: 1)")


def _completion(commands: Commands[Parser]) -> None:
    command = _command(
        commands,
        "completion",
        "print what makes a shell complete commands and options",
        [
            'eval "$(sparkify completion bash)"    # in ~/.bashrc',
            'eval "$(sparkify completion zsh)"    # in ~/.zshrc, after compinit',
            "sparkify completion fish > ~/.config/fish/completions/sparkify.fish",
        ],
        is_configured=False,
    )
    command.add_argument("shell", choices=SHELLS, help="the shell")


def _file(text: str) -> Path:
    if text == "-":
        raise argparse.ArgumentTypeError("the name of a file is accepted, and /dev/stdout is one")
    return Path(text)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as e:
        raise argparse.ArgumentTypeError(f"{text}: a day such as 2018-11-01 is accepted") from e


def _count(text: str) -> int:
    if not (text.isascii() and text.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text}: a whole number from 0 on is accepted")
    return int(text)


def _duration(text: str) -> timedelta:
    units = {"s": "seconds", "min": "minutes", "m": "minutes", "h": "hours", "d": "days"}
    found = re.fullmatch(r"(\d{1,6})\s*(s|min|m|h|d)", text)
    if not found:
        raise argparse.ArgumentTypeError(f"{text}: a time such as 90min, 26h or 2d is accepted")
    return timedelta(**{units[found[2]]: int(found[1])})


COMMANDS = (
    _create_tables,
    _etl,
    _doctor,
    _check,
    _status,
    _query,
    _report,
    _rejected,
    _export,
    _sample,
    _completion,
)
"""In the order in which help shows them."""
