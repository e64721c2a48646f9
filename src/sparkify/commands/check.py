"""`sparkify check`: run the checks of `sql/checks` on the whole warehouse."""

from __future__ import annotations

from argparse import Namespace

from sparkify import checks, sql_queries
from sparkify.command_line import Parser, add_config, add_json
from sparkify.commands import Result, configuration, read_only
from sparkify.progress import Progress

HELP = "check the whole warehouse"
EXAMPLES = ("sparkify check", "sparkify check --json")


def add_options(parser: Parser) -> None:
    """See `Command`."""
    add_config(parser)
    add_json(parser, "the checks")


def run(options: Namespace, progress: Progress) -> Result:
    """See `Command`."""
    with read_only(configuration(options, progress), progress) as engine, engine.snapshot():
        failures = checks.failures(engine)
    failed = {failure.check for failure in failures}
    passed = [name for name in sql_queries.names("checks") if name not in failed]
    fields = {"warehouse": engine.address, "passed": passed}
    if failures:
        return Result(fields=fields, fault=checks.fault(failures))
    return Result([f"all {len(passed)} checks passed on {engine.address}"], fields)
