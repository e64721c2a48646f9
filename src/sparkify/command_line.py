"""The parser of command lines, the options that several commands share, and the kinds of values that options take."""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, NoReturn

from sparkify.errors import ExitCode, UsageError

EXIT_CODES = "\n".join(["exit codes:", *(f"  {code:<4} {code.meaning}" for code in ExitCode), ""])


class Parser(argparse.ArgumentParser):
    """A parser that suggests the right word for a mistyped one.

    `commands` are the parsers of its commands, by name. `suggestions` gives, for an argument that takes any text, the
    values that a shell offers for it.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(
            formatter_class=argparse.RawDescriptionHelpFormatter, allow_abbrev=False, add_help=False, **settings
        )
        self.commands: dict[str, Parser] = {}
        self.suggestions: dict[str, Callable[[], Sequence[str]]] = {}
        self.add_argument("-h", "--help", action="help", help="show this help")

    def error(self, message: str) -> NoReturn:
        """Refuse the command line.

        Raises:
            UsageError: always; the text says what is wrong, and suggests a word that looks like the wrong one.
        """
        typed = re.search(r"invalid choice: '(.*?)'|unrecognized arguments: (\S+)", message)
        word = (typed[1] or typed[2]).partition("=")[0] if typed else ""
        options = (name for name in self._option_string_actions if name.startswith("--"))
        if close := difflib.get_close_matches(word, [*options, *self.commands], n=1):
            message = f"{message.partition(' (choose from')[0]}; did you mean {close[0]}?"
        raise UsageError(self.prog, message, self.format_usage())


def typed_log(arguments: Sequence[str]) -> Literal["text", "json"]:
    """The form of narration that a command line asks for, even if the rest of the line is wrong."""
    is_json = "--log=json" in arguments or ("--log", "json") in pairwise(arguments)
    return "json" if is_json else "text"


# ---------------------------------------------------------------- options


def add_narration(parser: Parser) -> None:
    """The options that say how much is narrated on stderr, and in which form: `detail` and `log`."""
    detail = parser.add_mutually_exclusive_group()
    detail.add_argument(
        "-q", "--quiet", dest="detail", action="store_const", const="quiet", help="no narration: say only what is wrong"
    )
    detail.add_argument(
        "-v", "--verbose", dest="detail", action="store_const", const="verbose", help="show every statement, timed"
    )
    parser.set_defaults(detail="normal")
    parser.add_argument(
        "--log",
        choices=("text", "json"),
        default="text",
        help="narration on stderr as text, or as a JSON object a line",
    )


def add_config(parser: Parser) -> None:
    """The option that names the configuration: `config`."""
    parser.add_argument(
        "--config", type=Path, default=Path("dwh.cfg"), metavar="FILE", help="configuration (default: dwh.cfg)"
    )


def add_json(parser: Parser, what: str) -> None:
    """The option that prints the result as JSON: `json`. `what` names the result in the help."""
    parser.add_argument("--json", action="store_true", help=f"print {what} as one JSON object")


def add_filters(parser: Parser, levels: Sequence[str]) -> None:
    """The options that choose plays: `first_day`, `last_day` and `level`, which is one of some."""
    parser.add_argument("--from", dest="first_day", type=day, metavar="DAY", help="first day, as 2018-11-01 (UTC)")
    parser.add_argument("--to", dest="last_day", type=day, metavar="DAY", help="last day, which counts too")
    parser.add_argument("--level", choices=levels, help="only plays of listeners at this level")


# ---------------------------------------------------------------- kinds of values


def file(text: str) -> Path:
    """The path of a file to write."""
    _require_name(text)
    if text == "-":
        raise argparse.ArgumentTypeError("the name of a file is accepted, and /dev/stdout is one")
    return Path(text)


def metrics_file(text: str) -> Path:
    """The path of a file that node_exporter reads."""
    if Path(text).suffix != ".prom":
        raise argparse.ArgumentTypeError(f"{text}: a name that ends in .prom is accepted; node_exporter reads no other")
    return Path(text)


def folder_or_address(text: str) -> str:
    """The path of a folder, or an address such as `s3://bucket/prefix`."""
    _require_name(text)
    return text


def folder_path(text: str) -> Path:
    """The path of a folder."""
    _require_name(text)
    return Path(text)


def _require_name(text: str) -> None:
    """Make sure that a name is not empty: it would mean the current folder."""
    if not text:
        raise argparse.ArgumentTypeError("the name is empty, as that of a variable which is not set")


def day(text: str) -> date:
    """A day as 2018-11-01."""
    try:
        return date.fromisoformat(text)
    except ValueError as e:
        raise argparse.ArgumentTypeError(f"{text}: a day such as 2018-11-01 is accepted") from e


def since(text: str) -> date:
    """A first day, as 2018-11-01, or as 3d: so many days before today, in UTC."""
    today = datetime.now(UTC).date()
    match = re.fullmatch(r"(\d{1,5})d", text, re.ASCII)
    try:
        first = today - timedelta(days=int(match[1])) if match else date.fromisoformat(text)
    except (ValueError, OverflowError) as e:
        raise argparse.ArgumentTypeError(f"{text}: days as 3d, or a day such as 2018-11-01 are accepted") from e
    if first > today:
        raise argparse.ArgumentTypeError(f"{text}: lies in the future; in UTC today is {today}")
    return first


def count(text: str) -> int:
    """A whole number from 0 on."""
    if not (text.isascii() and text.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text}: a whole number from 0 on is accepted")
    return int(text)


PATH_KINDS = (Path, file, metrics_file, folder_path, folder_or_address)
"""The kinds of values for which a shell offers the names of files and folders."""
