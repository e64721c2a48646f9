"""What an object is by its first bytes, its content unpacked in bounded memory, and content packed for COPY.

Names say little: a tool may pack `a.json`, or unpack `a.json.gz`, without renaming it. The first bytes of gzip,
Zstandard and other formats are fixed, and no JSON text begins with them.
"""

from __future__ import annotations

import re
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Protocol

from sparkify.errors import ConfigError
from sparkify.store.names import packing

try:
    if sys.version_info >= (3, 14):
        from compression import zstd
    else:
        from backports import zstd
except ImportError as e:
    fix = "install the program again, and from Python 3.14 on use a Python that was built with libzstd"
    raise ConfigError(f"{sys.executable}: Zstandard is missing; {fix} ({e})") from e

HEAD = 18
"""First bytes of an object that tell its format, the longest header of a Zstandard frame among them."""

MOST_UNPACKED = 1_000_000_000
"""Bytes that every packed object may unpack to."""

MOST_RATIO = 100
"""Times its packed size that an object may unpack to beyond `MOST_UNPACKED`; JSON logs unpack to 10 or 20 times."""

MOST_WINDOW = 128 * 1024 * 1024
"""Bytes that unpacking Zstandard may look back, as `zstd` itself allows without `--long` or `--memory`."""

STEP = 512
"""Packed bytes that are unpacked at a time. Four bytes of Zstandard can mean 128 kB, so a step makes 17 MB at most."""

USUAL_WINDOW = 8 * 1024 * 1024
"""Bytes that unpacking Zstandard looks back at the levels that `zstd` has without `--ultra` and `--long`."""

_OTHER_FORMATS = {
    "UTF-32": rb"\xff\xfe\0\0|\0\0\xfe\xff|[\t\n\r -~]\0\0\0|\0\0\0[\t\n\r -~]",
    "UTF-16": rb"\xff\xfe|\xfe\xff|(?:[\t\n\r -~]\0){2}|(?:\0[\t\n\r -~]){2}",
    "bzip2": rb"BZh[1-9](?:1AY&SY|\x17rE8P\x90)",
    "xz": rb"\xfd7zXZ\0",
    "zip": rb"PK(?:\x03\x04|\x05\x06|\x07\x08)",
    "7-Zip": rb"7z\xbc\xaf\x27\x1c",
    "lzip": rb"LZIP",
    "compress (.Z)": rb"\x1f\x9d",
    "LZ4": rb"\x04\x22\x4d\x18",
    "Snappy": rb"\xff\x06\0\0sNaPpY",
    "Parquet": rb"PAR1",
    "ORC": rb"ORC",
    "Avro": rb"Obj\x01",
}
_NOT_MORE = "something follows its packed data that is cut off, spoilt, or not packed"
_PACKED = {"gzip": rb"\x1f\x8b", "zstd": rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18"}
_FORMATS = re.compile(
    b"|".join(b"(%s)" % pattern for pattern in (*_PACKED.values(), *_OTHER_FORMATS.values())), re.DOTALL
)
_NAMES = (*_PACKED, *_OTHER_FORMATS)


class PackError(Exception):
    """The object is in a format that is not read, or cannot be unpacked: it is cut off, spoilt, or too much."""


class _Part(Protocol):
    @property
    def unused_data(self) -> bytes: ...

    @property
    def eof(self) -> bool: ...

    def decompress(self, data: bytes, /) -> bytes: ...


def packing_of(key: str, head: bytes) -> str:
    """How an object is packed by its first `HEAD` bytes, as COPY calls it: `gzip`, `zstd`, or empty for plain JSON.

    Raises:
        PackError: it is in another format, or it is not packed and its name says so.
    """
    kind = _format(head)
    if kind in _OTHER_FORMATS:
        raise PackError(_not_read(kind))
    if not kind and packing(key):
        raise PackError("cannot be unpacked: it is neither gzip nor Zstandard, as its name says")
    return kind


def unpack(key: str, pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    """The JSON of an object of `size` bytes, piece by piece; what is not packed comes as it is.

    Raises:
        PackError: it is in a format that is not read, or cannot be unpacked.
    """
    head, pieces = _head(pieces)
    if not (kind := packing_of(key, head)):
        yield from pieces
        return
    inside, unpacked = _head(_limited(_unpacked(kind, pieces), size))
    if within := _format(inside):
        raise PackError(f"is {kind} within which {_not_read(within)}")
    yield from unpacked


def _head(pieces: Iterable[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """The first `HEAD` bytes, or all if there are fewer, and all pieces."""
    rest, first = iter(pieces), b""
    while len(first) < HEAD and (piece := next(rest, None)) is not None:
        first += piece
    return first[:HEAD], chain([first], rest)


def _format(head: bytes) -> str:
    match = _FORMATS.match(head)
    return _NAMES[match.lastindex - 1] if match and match.lastindex else ""


def _not_read(kind: str) -> str:
    if kind.startswith("UTF"):
        return f"is {kind}, and JSON must be UTF-8: convert it, for example with `iconv -f {kind} -t UTF-8`"
    return f"is {kind}, which is not read: deliver JSON, plain or packed once with gzip or Zstandard"


def _limited(pieces: Iterable[bytes], size: int) -> Iterator[bytes]:
    unpacked, most = 0, max(MOST_UNPACKED, MOST_RATIO * size)
    for piece in pieces:
        unpacked += len(piece)
        if unpacked > most:
            raise PackError(
                f"unpacks to more than {most:,} bytes, and that is over {MOST_RATIO} times its {size:,} bytes: "
                "deliver it in parts if all of it is data"
            )
        yield piece


def _unpacked(kind: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The content of packed parts that were joined; zero bytes between and behind them are padding, as on tapes."""
    start, fault = _gzip() if kind == "gzip" else _zstandard()
    part: _Part | None = None
    follows = False
    try:
        for data in _steps(pieces):
            while data := data if part else data.lstrip(b"\0"):
                part = part or start()
                yield part.decompress(data)
                follows = follows or part.eof
                data, part = (part.unused_data, None) if part.eof else (b"", part)
    except fault as e:
        raise PackError(f"cannot be unpacked: {_NOT_MORE if follows else e}") from e
    if part:
        raise PackError(f"cannot be unpacked: {_NOT_MORE if follows else 'it is cut off'}")


def _steps(pieces: Iterable[bytes]) -> Iterator[bytes]:
    for piece in pieces:
        for start in range(0, len(piece), STEP):
            yield piece[start : start + STEP]


def _gzip() -> tuple[Callable[[], _Part], type[Exception]]:
    return lambda: zlib.decompressobj(wbits=31), zlib.error


def _zstandard() -> tuple[Callable[[], _Part], type[Exception]]:
    return lambda: _decompressor(MOST_WINDOW), zstd.ZstdError


def _decompressor(most_window: int) -> zstd.ZstdDecompressor:
    """A decompressor of one frame that refuses a frame with a wider window than this, which is a power of two."""
    return zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: most_window.bit_length() - 1})


def has_wide_window(head: bytes) -> bool:
    """Whether unpacking an object that begins with these `HEAD` bytes holds more than `USUAL_WINDOW` bytes of it.

    A spoilt frame counts as one that does.
    """
    if _format(head) != "zstd":
        return False
    try:
        _decompressor(USUAL_WINDOW).decompress(head)
    except zstd.ZstdError:
        return True
    return False


def pack(content: bytes | bytearray) -> bytes:
    """The content as one frame of Zstandard."""
    return zstd.compress(content)
