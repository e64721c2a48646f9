"""What the name of an object says: whether the object is data, and how it is packed."""

from __future__ import annotations

ENDINGS = (".json", ".jsonl", ".ndjson")
"""How the names of data objects end, in any letter case, before the ending of a packing."""

PACKINGS = {".gz": "gzip", ".zst": "zstd"}
"""How packed objects end, in any letter case, and the name of the packing as COPY calls it."""

DATA_SUFFIXES = tuple(ending + packing for packing in ("", *PACKINGS) for ending in ENDINGS)
"""All endings of data objects, in lower case."""


def packing(key: str) -> str:
    """How an object is packed by its name: `gzip`, `zstd`, or empty."""
    if key.endswith(ENDINGS):  # most are, and each of hundreds of thousands is asked several times
        return ""
    return PACKINGS.get(key[key.rfind(".") :].lower(), "")


def why_no_data(key: str, size: int) -> str | None:
    """Why an object is no data, by its key below the prefix and its size in bytes; None when it is data.

    Names that begin with a dot or an underscore are hidden, as for Spark, Hive and Athena, which write `_SUCCESS` and
    `_temporary/`; a folder such as `_key=value` is a partition and not hidden. In S3, `.` and `..` are parts of a key
    like any others, as in `log_data/./a.json`.
    """
    path = f"/{key}"
    if "/." in path and _begins_with_a_dot(key):
        return "hidden: a part of its name begins with a dot"
    if "/_" in path and _begins_with_an_underscore(key):
        return "hidden: a part of its name begins with an underscore"
    if "\0" in key:
        return "its name holds the character U+0000, which Redshift cannot hold"
    if size == 0:
        return "empty"
    if not key.lower().endswith(DATA_SUFFIXES):
        return f"its name does not end in {', '.join(ENDINGS)}, or in these with {' or '.join(PACKINGS)}"
    return None


def _begins_with_a_dot(key: str) -> bool:
    return any(part.startswith(".") and part not in (".", "..") for part in key.split("/"))


def _begins_with_an_underscore(key: str) -> bool:
    *folders, name = key.split("/")
    return name.startswith("_") or any(part.startswith("_") and "=" not in part for part in folders)
