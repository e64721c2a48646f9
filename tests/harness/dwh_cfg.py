"""Texts of dwh.cfg, and what the program reads of them."""

from pathlib import Path

from sparkify.config import Config, load

S3 = "[S3]\nLOG_DATA = logs\nLOG_JSONPATH = paths.json\nSONG_DATA = songs\n"
"""The least that a load needs."""


def read(folder: Path, text: str, **environment: str) -> Config:
    """The configuration of a file with this text."""
    path = folder / "dwh.cfg"
    path.write_text(text, encoding="utf-8")
    path.chmod(0o600)
    return load(path, environment)
