"""The text of a new `dwh.cfg`: every key, with what `keys.py` says of it as a comment above it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sparkify.config.keys import ENVIRONMENT_PREFIX, KEYS, S3_LOG_DATA, Key

HEAD = f"""\
# Where the warehouse and its data are. A key without a value is as if it were not there.
# A comment needs a line of its own. Relative paths count from this file's folder.
# An environment variable {ENVIRONMENT_PREFIX}<SECTION>_<KEY>, such as {S3_LOG_DATA.variable}, overrides a key.
"""


def text(values: Mapping[Key[Any], str]) -> str:
    """A `dwh.cfg` with these values, and with the defaults of all other keys."""
    lines = [HEAD]
    for section, keys in KEYS.items():
        lines += [f"[{section}]", *(_lines(key, values.get(key, key.default)) for key in keys.values())]
    return "\n".join(lines)


def _lines(key: Key[Any], value: str) -> str:
    comments = (key.meaning, f"{key.kind.accepted}; {_without(key)}")
    return "\n".join([*(f"# {text[0].upper()}{text[1:]}." for text in comments), f"{key.name} = {value}".rstrip(), ""])


def _without(key: Key[Any]) -> str:
    """What happens without the key."""
    if key.default:
        return f"default: {key.default}"
    return key.without if key.example else f"without it: {key.without}"
