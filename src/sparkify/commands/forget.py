"""`sparkify forget`: take a user out of the warehouse, and keep later deliveries from bringing the user back."""

from __future__ import annotations

import argparse
from argparse import Namespace

from sparkify import forget
from sparkify.command_line import Parser, add_config, add_json
from sparkify.commands import Result, configuration, require_yes
from sparkify.config import Config
from sparkify.engines.clean_texts import clean
from sparkify.forget import Removed
from sparkify.progress import Progress
from sparkify.words import counted

HELP = "take a user out of the warehouse, for good"
EXAMPLES = ("sparkify forget 15", "sparkify forget 15 --yes --json    # in a script")


def add_options(parser: Parser) -> None:
    """See `Command`."""
    add_config(parser)
    parser.add_argument("user_id", metavar="USER_ID", type=_user_id, help="the user's id, as in the table users")
    parser.add_argument("--yes", action="store_true", help="do not ask before deleting")
    add_json(parser, "what was removed")


def _user_id(text: str) -> str:
    """The id of a user as the warehouse has it: clean."""
    try:
        user_id = clean(text)
        user_id.encode()
    except UnicodeError as e:
        raise argparse.ArgumentTypeError("it is not UTF-8, as every id in the warehouse is") from e
    if not user_id:
        raise argparse.ArgumentTypeError("an id is accepted, and blanks are none")
    return user_id


def run(options: Namespace, progress: Progress) -> Result:
    """See `Command`."""
    config = configuration(options, progress)
    if not options.yes:
        question = f"Delete all that {config.warehouse} holds of user {options.user_id}, for good?"
        require_yes(question, "forget deletes what the warehouse holds of the user", options)
    removed = forget.run(config, progress, options.user_id)
    return Result(_lines(removed, config), _fields(removed, config))


def _lines(removed: Removed, config: Config) -> list[str]:
    """What was removed, a line for each table, and what that means. The id is in none: the lines may be kept."""
    rows = [(table, counted(count, "row")) for table, count in removed.rows.items() if count]
    if removed.texts:
        rows.append(("rejected_records", f"the texts of {counted(removed.texts, 'record')} that may be the user's"))
    if removed.errors:
        rows.append(("runs", f"the reasons of {counted(removed.errors, 'failed run')} that may tell of the user"))
    if rows:
        first = "removed"
    elif removed.was_forgotten:
        first = "the user was forgotten before, and nothing more was there"
    else:
        first = "the warehouse held nothing of this user"
    copy = f", and {config.publish}, its copy for readers" if config.publish and not config.cluster else ""
    last = f"the user is forgotten in {removed.warehouse}{copy}: a load leaves the events of this user out"
    return [first, *(f"{name:<16}  {text}" for name, text in rows), last]


def _fields(removed: Removed, config: Config) -> dict[str, object]:
    return {
        "warehouse": removed.warehouse,
        "copy": str(config.publish) if config.publish and not config.cluster else None,
        "was_forgotten": removed.was_forgotten,
        "removed": {**removed.rows, "rejected_texts": removed.texts, "run_errors": removed.errors},
    }
