"""The engines that a test can be run in."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.redshift import Access, Servers
from harness.warehouse import Sparkify

ENGINES = ("duckdb", "redshift", "redshift without WORK")
"""Where a test can be run: the last reads whole prefixes."""

ACCESS = {
    "redshift": Access(role="unloader"),
    "redshift without WORK": Access(user="reader", role="unloader", work=""),
}


@contextmanager
def opened(request: pytest.FixtureRequest, engine: str, folder: Path, **etl_settings: str | int) -> Iterator[Sparkify]:
    """A warehouse with its tables in an engine of `ENGINES`, until the end of the block."""
    if engine == "duckdb":
        yield Sparkify(folder, **etl_settings).with_tables()
        return
    servers: Servers = request.getfixturevalue("servers")
    with servers.sparkify(folder, ACCESS[engine], **etl_settings) as made:
        yield made
