"""A warehouse in Redshift for tests of what a load sends to it, and of what goes wrong there."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.records import event, lines, song
from harness.redshift import Access, OnRedshift, Servers


@pytest.fixture
def warehouse(servers: Servers, tmp_path: Path) -> Iterator[OnRedshift]:
    """A warehouse with its tables, and a bucket with a song and a small log."""
    with servers.sparkify(tmp_path / "sparkify", Access()) as made:
        made.put("song_data/A/a.json", lines([song()]))
        made.put(
            "log_data/2018/11/a.json", lines([event(), event(page="Home", ts=1), event(userId="", itemInSession=1)])
        )
        yield made
