"""The kinds of values that say where data lies: an address in S3, or a path."""

from __future__ import annotations

import re
from urllib.parse import unquote

from sparkify.config.values import Kind, UnusableValueError, parse_path

S3_SCHEMES = ("s3", "s3a", "s3n")
"""The schemes of an address in S3, in small letters; the last two are those of Hadoop."""

S3_HOST = re.compile(
    r"(?:([a-z0-9][a-z0-9.-]+)\.s3[a-z0-9.-]*\.amazonaws\.com[a-z.]*|s3[a-z0-9.-]*\.amazonaws\.com[a-z.]*/([^/?]+))/?([^?#@\s]*)"
)
"""What follows https:// in an address of S3: virtual-hosted or path style."""

COPY_WITHOUT_JSONPATHS = re.compile(r"[\"']?(auto( +ignorecase)?|noshred)[\"']?", re.IGNORECASE)
"""What Redshift's COPY takes in place of a JSONPaths file (Database Developer Guide, copy-parameters-data-format)."""

JSONPATHS_NEEDED = (
    "a JSONPaths file is needed, such as s3://my-bucket/log_json_path.json: its n-th path names the key of a log that "
    "fills the n-th column of staging_events, which COPY's `auto` cannot tell; `sparkify init DIR` writes one"
)


def _parse(text: str) -> str:
    """An address as `s3://bucket/prefix`, or a path as it is written; `file:` addresses become paths."""
    address = re.match(r"(arn:)|([A-Za-z][A-Za-z0-9+.-]+):(/+)", text)
    if not address:
        parse_path(text)
        return text
    scheme, slashes, rest = (address[1] or address[2]).lower(), address[3], text[address.end() :]
    if scheme in S3_SCHEMES:
        return _s3_address(slashes, rest)
    if scheme == "file":
        return _file_path(slashes, rest)
    fix = f"accepted is s3://bucket/prefix or a folder, and not {scheme.rstrip(':')}:"
    bucket = S3_HOST.match(rest) if scheme in ("http", "https") else None
    if bucket:
        fix = f"{fix}; write this one as s3://{bucket[1] or bucket[2]}/{bucket[3]}"
    raise UnusableValueError(fix, is_shown=False)


def _s3_address(slashes: str, rest: str) -> str:
    bucket = rest.partition("/")[0]
    if slashes != "//" or not re.fullmatch(r"[A-Za-z0-9._:-]+", bucket):
        raise UnusableValueError(
            "accepted is s3://bucket/prefix, and no key or secret in it: [AWS], a profile or a role has those",
            is_shown=False,
        )
    return f"s3://{rest}"


def _file_path(slashes: str, rest: str) -> str:
    if slashes == "//" and not rest.startswith("localhost/"):
        raise UnusableValueError("accepted is file:///path, or the path alone", is_shown=False)
    return unquote(f"/{rest.removeprefix('localhost/') if slashes == '//' else rest}")


def _parse_jsonpaths(text: str) -> str:
    if COPY_WITHOUT_JSONPATHS.fullmatch(text):
        raise UnusableValueError(JSONPATHS_NEEDED)
    return _parse(text)


FOLDER = Kind("`s3://bucket/prefix` (or `s3a`, `s3n`), or a folder", _parse)

PREFIX = Kind("`s3://bucket/prefix`", _parse)

JSONPATHS = Kind("`s3://bucket/key`, or a file", _parse_jsonpaths)
