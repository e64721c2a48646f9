"""`sparkify doctor`: examine everything that a load needs, and say how to repair what it cannot use."""

from __future__ import annotations

import sys
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, TypeVar

from sparkify import history, sql_queries, warehouse
from sparkify.command_line import Parser, add_config, add_json
from sparkify.commands import Result, secrets_of
from sparkify.config import Config, load
from sparkify.engines.engine import Engine
from sparkify.errors import AccessError, ConfigError, SparkifyError
from sparkify.output import write_lines
from sparkify.progress import Progress
from sparkify.records import jsonpaths
from sparkify.store import Listing, Stores
from sparkify.store.names import ENDINGS
from sparkify.words import songs_gone_in_words

T = TypeVar("T")

HELP = "check all that a load needs, and say what is missing"
EXAMPLES = ("sparkify doctor", "sparkify doctor --config staging.cfg")


@dataclass(frozen=True)
class Finding:
    """The outcome of one examination: `text` says what is there, or why a load cannot use it and how to repair it.

    `fault` is what a load would raise; None when all is well.
    """

    what: str
    text: str
    fault: SparkifyError | None = None

    def line(self) -> str:
        """The finding for a person."""
        return f"{'✗' if self.fault else '✓'} {self.what:<13}  {self.text}"

    def fields(self) -> dict[str, Any]:
        """The finding for a program."""
        return {"what": self.what, "is_good": self.fault is None, "text": self.text}


def add_options(parser: Parser) -> None:
    """See `Command`."""
    add_config(parser)
    add_json(parser, "the findings")


def run(options: Namespace, progress: Progress) -> Result:
    """See `Command`. Each finding is printed at once, because the next examination may take long."""
    findings = []
    for finding in _examine(options, progress):
        findings.append(replace(finding, text=progress.without_secrets(finding.text)))
        if not options.json:
            write_lines([findings[-1].line()], sys.stdout)
    return Result(fields={"findings": [finding.fields() for finding in findings]}, fault=_fault(findings))


def _fault(findings: Sequence[Finding]) -> SparkifyError | None:
    """What the command ends with; None when a load can use everything.

    A configuration that a load refuses has the same exit code here.
    """
    faults = {finding.what: finding.fault for finding in findings if finding.fault}
    if not faults:
        return None
    is_refused = any(isinstance(fault, ConfigError) for fault in faults.values())
    kind = ConfigError if is_refused else AccessError
    return kind(f"a load cannot use {', '.join(faults)}: the findings say why, and what to do")


def _examine(options: Namespace, progress: Progress) -> Iterator[Finding]:
    """Examine one thing after the other. An examination that needs what another one could not get is left out."""
    finding, config = _try("configuration", lambda: _configuration(options, progress))
    yield finding
    if config is None:
        return
    listings: list[Listing] = []
    for what, location in (("song_data", config.store.song_data), ("log_data", config.store.log_data)):
        finding, listing = _try(what, partial(_objects, location, config))
        yield finding
        listings += [listing] if listing else []
    finding, paths = _try("log_jsonpath", lambda: _jsonpaths(config))
    yield finding
    finding, engine = _try("warehouse", lambda: _login(config, progress))
    yield finding
    if engine is None:
        return
    with closing(engine):
        finding, version = _try("tables", lambda: _tables(engine))
        yield finding
        if version and len(listings) == 2:
            finding, _ = _try("catalogue", partial(_catalogue, engine, listings[0]))
            yield finding
        if version and paths and len(listings) == 2:
            for what, examination in engine.examinations(*(listing.objects[0] for listing in listings)).items():
                finding, _ = _try(what, partial(_with_no_value, examination))
                yield finding


def _try(what: str, examination: Callable[[], tuple[str, T]]) -> tuple[Finding, T | None]:
    """The finding of an examination, and what it got for those after it."""
    try:
        text, value = examination()
    except SparkifyError as e:
        return Finding(what, "; ".join(e.lines), e), None
    return Finding(what, text), value


def _with_no_value(examination: Callable[[], str]) -> tuple[str, None]:
    return examination(), None


def _configuration(options: Namespace, progress: Progress) -> tuple[str, Config]:
    config = load(options.config)
    progress.secrets = secrets_of(config)
    progress.warnings += config.warnings  # which the finding shows, so they are not narrated
    return "; ".join([str(options.config), *config.warnings]), config


def _objects(location: str, config: Config) -> tuple[str, Listing]:
    """What lies below a location; the first object can be read."""
    store = Stores(config).open(location)
    listing = store.list_objects()
    if not listing.objects:
        raise AccessError(f"{location}: no {', '.join(ENDINGS)} lies there; check the prefix in [S3]")
    store.read(listing.objects[0])
    return f"{len(listing.objects):,} objects below {location}, readable", listing


def _jsonpaths(config: Config) -> tuple[str, int]:
    """How many paths the JSONPaths file has."""
    name, content = Stores(config).read_one(config.store.log_jsonpath)
    paths = jsonpaths.parse(content, name, [*sql_queries.columns("staging_events")])
    return f"{name}: {len(paths)} paths", len(paths)


def _login(config: Config, progress: Progress) -> tuple[str, Engine]:
    engine = warehouse.connect(config, progress, read_only=True)
    return engine.address, engine


def _catalogue(engine: Engine, listing: Listing) -> tuple[str, None]:
    """How many loaded song objects the bucket no longer holds."""
    count = history.loaded(engine, {"songs": listing, "events": Listing()}).songs_gone
    return (songs_gone_in_words(count) if count else "holds no songs that have left the bucket"), None


def _tables(engine: Engine) -> tuple[str, int]:
    """The version of the tables."""
    history.require_version(engine)
    return f"there, of version {sql_queries.WAREHOUSE_VERSION}", sql_queries.WAREHOUSE_VERSION
