"""The JSONPaths file: which key of a log record fills which column, as COPY reads it.

It maps by position: its n-th path fills the n-th column of `staging_events`. Both notations of Amazon's
documentation (copy-parameters-data-format) are read: `$['a']['b'][0]` and `$.a.b[0]`.
"""

from __future__ import annotations

import json
import re
from typing import TypeAlias

from sparkify.errors import ConfigError

Path: TypeAlias = tuple[str | int, ...]
"""The steps from a record to a value: keys, and positions in arrays from 0."""

_STEP = re.compile(r"""\.(\w+)|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]|\[(\d+)\]""")


def parse(text: bytes, name: str, columns: list[str]) -> dict[str, Path]:
    """The path of every column, in column order.

    Raises:
        ConfigError: the file is no JSONPaths file, or does not have one path for every column.
    """
    shape = f'a JSONPaths file is {{"jsonpaths": ["$[\'artist\']", ...]}} with {len(columns)} paths'
    try:
        paths = json.loads(text)["jsonpaths"]
    except (ValueError, KeyError, TypeError, RecursionError) as e:
        raise ConfigError(f"{name}: not a JSONPaths file ([S3] LOG_JSONPATH): {shape}") from e
    if not isinstance(paths, list) or len(paths) != len(columns):
        count = len(paths) if isinstance(paths, list) else "no"
        raise ConfigError(f"{name}: {count} paths for the {len(columns)} columns of staging_events: {shape}")
    return {column: _steps(path, name) for column, path in zip(columns, paths, strict=True)}


def is_jsonpaths(text: bytes) -> bool:
    """Whether the text of a record is a JSONPaths file rather than data."""
    if b"jsonpaths" not in text:
        return False
    try:
        record = json.loads(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(record, dict) and record.keys() == {"jsonpaths"}


def _steps(path: object, name: str) -> Path:
    text = path if isinstance(path, str) else json.dumps(path)
    steps: list[str | int] = []
    position = 1
    while match := _STEP.match(text, position):
        dotted, single, double, index = match.groups()
        key = next((k for k in (dotted, single, double) if k is not None), None)
        steps.append(int(index) if key is None else re.sub(r"\\(.)", r"\1", key))
        position = match.end()
    if not text.startswith("$") or position != len(text) or not steps or isinstance(steps[0], int):
        raise ConfigError(f"{name}: the path {text} cannot be read; write it as $['key'], $['a']['b'] or $['a'][0]")
    return tuple(steps)
