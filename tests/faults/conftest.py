"""A folder for tests of what a load leaves behind."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.folders import quick_folder


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder in memory, where the system offers that."""
    with quick_folder() as folder:
        yield folder
