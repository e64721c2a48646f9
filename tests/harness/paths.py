"""Where the project lies, and where Sparkify's real files may lie beside it."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
"""The folder of the project."""

REAL_DATA = ROOT.parent / "shared" / "data"
"""Sparkify's real files; they are no part of the project, and tests of them are skipped where they are not."""
