"""What a load needs, checked one thing after the other, with what to do about each that is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from sparkify import config, history, sql_queries, warehouse
from sparkify.config import Config
from sparkify.engines.engine import Engine
from sparkify.errors import AccessError, ConfigError, SparkifyError
from sparkify.progress import Progress
from sparkify.records import jsonpaths
from sparkify.store import StoredObject, Stores
from sparkify.store.names import ENDINGS

T = TypeVar("T")

CONFIGURATION = "configuration"
"""The first finding, without which there are no others."""


@dataclass(frozen=True)
class Finding:
    """The outcome of one check: what is there, or why it cannot be used and what to do."""

    what: str
    is_good: bool
    text: str

    def __str__(self) -> str:
        return f"{'✓' if self.is_good else '✗'} {self.what:<13}  {self.text}"


def examine(path: Path, progress: Progress) -> Iterator[Finding]:
    """Check what a load by this configuration needs; a check that needs an earlier one is left out when that failed."""
    finding, settings = _try(CONFIGURATION, lambda: _configuration(path, progress))
    yield finding
    if settings is None:
        return
    samples: list[StoredObject] = []
    for what, location in (("song_data", settings.store.song_data), ("log_data", settings.store.log_data)):
        finding, first = _try(what, partial(_objects, location, settings))
        yield finding
        samples += [first] if first else []
    finding, mapping = _try("log_jsonpath", lambda: _mapping(settings))
    yield finding
    finding, engine = _try("warehouse", lambda: _login(settings, progress))
    yield finding
    if engine is None:
        return
    with closing(engine):
        finding, tables = _try("tables", lambda: _tables(engine))
        yield finding
        if tables and mapping and len(samples) == 2:
            for what, check in engine.examinations(*samples).items():
                finding, _ = _try(what, partial(_examination, check))
                yield finding


def fault(findings: Sequence[Finding]) -> SparkifyError | None:
    """What `doctor` ends with: None when a load can use all that was found.

    A configuration that cannot be used has the same exit code here as for a load.
    """
    bad = [finding.what for finding in findings if not finding.is_good]
    if not bad:
        return None
    kind = ConfigError if CONFIGURATION in bad else AccessError
    return kind(f"a load cannot use {', '.join(bad)}: the findings say why, and what to do")


def _try(what: str, check: Callable[[], tuple[str, T]]) -> tuple[Finding, T | None]:
    try:
        text, value = check()
    except SparkifyError as e:
        return Finding(what, False, "; ".join(e.lines)), None
    return Finding(what, True, text), value


def _configuration(path: Path, progress: Progress) -> tuple[str, Config]:
    settings = config.load(path)
    progress.secrets = settings.secrets
    progress.warnings += settings.warnings
    return "; ".join([str(path), *settings.warnings]), settings


def _objects(location: str, settings: Config) -> tuple[str, StoredObject]:
    store = Stores(settings).open(location)
    listing = store.list_objects()
    if not listing.objects:
        raise AccessError(f"{location}: no {', '.join(ENDINGS)} lies there; check the prefix in [S3]")
    store.read(listing.objects[0])
    return f"{len(listing.objects):,} objects below {location}, readable", listing.objects[0]


def _mapping(settings: Config) -> tuple[str, bool]:
    place, content = Stores(settings).read_one(settings.store.log_jsonpath)
    paths = jsonpaths.parse(content, place, [*sql_queries.columns("staging_events")])
    return f"{place}: {len(paths)} paths", True


def _login(settings: Config, progress: Progress) -> tuple[str, Engine]:
    engine = warehouse.connect(settings, progress, read_only=True)
    return engine.place, engine


def _examination(check: Callable[[], str]) -> tuple[str, bool]:
    return check(), True


def _tables(engine: Engine) -> tuple[str, bool]:
    history.require_version(engine)
    return f"there, of version {sql_queries.WAREHOUSE_VERSION}", True
