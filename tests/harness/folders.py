"""Folders for tests that write many files."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def quick_folder() -> Iterator[Path]:
    """A new folder, in memory where the system offers that, gone afterwards."""
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(
        prefix="sparkify-test-", dir=memory if os.access(memory, os.W_OK) else None
    ) as name:
        yield Path(name).resolve()
