"""Warehouses that are exported whole and imported."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from harness.program import Outcome
from harness.records import event, lines, song
from harness.redshift import OnRedshift
from harness.warehouse import Sparkify

BAD = '{"song": "فيروز", "artist": "Adele",\t"'
"""A record that is cut off."""


def filled(sparkify: Sparkify) -> Sparkify:
    """The warehouse with songs, plays, page views, a rejected record, a failed run, and a user who was forgotten."""
    sparkify.put("song_data/A/a.json", lines([song(), song(song_id="SO2", title='Say "hi"\n', year=0)]))
    plays = [event(itemInSession=n, song="Hello" if n % 2 else "فيروز 🎵", userId=str(n)) for n in range(5)]
    views = [event(itemInSession=9, page="Home", userId="", level=None, ts=1), event(itemInSession=9, page="Error")]
    sparkify.put("log_data/a.json", f"{lines([*plays, *views])}\n{BAD}")
    assert sparkify.etl().exit_code == 1
    sparkify.configure(MAX_ERRORS=1)
    sparkify.loaded()
    assert sparkify.command("forget", "3", "--yes").exit_code == 0
    return sparkify


def beside(model: Sparkify, folder: Path) -> Sparkify:
    """Another warehouse in DuckDB with the bucket of a model; there is no file yet."""
    made = Sparkify(folder)
    made.configure(model.store if "://" in model.store else str(model.bucket), MAX_ERRORS=1)
    return made


def exported(sparkify: Sparkify, target: str | Path, *options: str) -> str:
    """Export a warehouse whole; where to."""
    done = sparkify.command("export", str(target), "--whole", *options)
    assert done.exit_code == 0, done.err
    return str(target)


def imported(sparkify: Sparkify, source: str | Path) -> Outcome:
    """Import a warehouse, which must succeed."""
    done = sparkify.command("import", str(source))
    assert done.exit_code == 0, done.err
    return done


@contextmanager
def reaching(redshift: OnRedshift) -> Iterator[None]:
    """Let a warehouse in DuckDB reach the bucket of one in Redshift."""
    with patch.dict(os.environ, redshift.environment):
        yield
