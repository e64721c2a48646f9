"""Where the project lies, and where Sparkify's real files may lie beside it."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
"""The folder of the project."""

REAL_DATA = ROOT.parent / "shared" / "data"
"""Sparkify's real files; they are no part of the project, and tests of them are skipped where they are not."""

OLDER_DUCKDB = Path(sys.prefix) / "duckdb-1.4"
"""DuckDB 1.4, as many tools embed it; the Makefile puts it there."""

TOOLS = Path(sys.prefix) / "tools" / "bin"
"""The programs of the tools that `docs/how-to/tools.md` names; the Makefile puts them there."""


def require_real_data() -> None:
    """Skip the test where the real files are not."""
    if not REAL_DATA.is_dir():
        pytest.skip(f"Sparkify's real files are not here: {REAL_DATA} is no folder")
