"""`sparkify rejected`: list the records that a load set aside, or load their objects again."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Sequence
from typing import Any

from sparkify import etl, history, program, summary
from sparkify.command_line import Parser, add_config, add_json
from sparkify.commands import Result, configuration, read_only
from sparkify.engines.staged import Rejected
from sparkify.progress import Progress
from sparkify.words import counted

HELP = "list the records that were set aside, or load their objects again"
EXAMPLES = (
    "sparkify rejected",
    "sparkify rejected --raw    # with the text of each record",
    "sparkify rejected --retry    # after the JSONPaths file was corrected; repaired objects need only etl",
)


def add_options(parser: Parser) -> None:
    """See `Command`."""
    add_config(parser)
    parser.add_argument("--raw", action="store_true", help="show the text of the records too")
    parser.add_argument("--retry", action="store_true", help="load the objects of the records again")
    add_json(parser, "the records, or the summary of --retry,")


def run(options: Namespace, progress: Progress) -> Result:
    """See `Command`."""
    config = configuration(options, progress)
    if options.retry:
        done = etl.run(config, progress, only_rejected=True)
        return Result(done.lines(), done.fields(), done.fault, summary.STAYS)
    with read_only(config, progress) as engine:
        records = [Rejected(*row) for row in history.query(engine, "rejected")]
    return Result(_lines(records, raw=options.raw), _fields(records))


def _lines(records: Sequence[Rejected], *, raw: bool) -> list[str]:
    """A line for each record, with its text below it if `raw`, and how many there are."""
    if not records:
        return ["no rejected records"]
    shown = []
    for record in records:
        shown += [record.place_and_reason(), *([record.raw_text or ""] if raw else [])]
    objects = {record.object for record in records}
    fix = (
        f"repair the objects and load them with `{program.command('etl')}`; "
        "`sparkify rejected --retry` loads them again as they are"
    )
    return [*shown, f"{counted(len(records), 'record')} in {counted(len(objects), 'object')}; {fix}"]


def _fields(records: Sequence[Rejected]) -> dict[str, Any]:
    names = ("object", "line", "column_name", "reason", "raw_text")
    return {"records": [{name: getattr(record, name) for name in names} for record in records]}
