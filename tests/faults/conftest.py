"""A folder for tests of what a load leaves behind."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.folders import new_folder


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name, for the test alone."""
    with new_folder() as folder:
        yield folder
