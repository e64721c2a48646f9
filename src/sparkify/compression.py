"""Objects that are packed as `.gz` or `.zst`."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

from sparkify.store.names import packing


class PackError(Exception):
    """The object cannot be unpacked: it is cut off, or not packed the way its name says."""


class _Unpacker(Protocol):
    @property
    def unused_data(self) -> bytes: ...

    @property
    def eof(self) -> bool: ...

    def decompress(self, data: bytes, /) -> bytes: ...


def unpack(key: str, pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The content of an object, piece by piece; as it is when its name does not say that it is packed.

    Raises:
        PackError: it cannot be unpacked.
    """
    if not (kind := packing(key)):
        yield from pieces
        return
    start, fault = _gzip() if kind == "gzip" else _zstandard()
    unpacker, is_whole = start(), True
    try:
        for piece in pieces:
            while piece:
                yield unpacker.decompress(piece)
                is_whole = unpacker.eof
                piece = unpacker.unused_data if is_whole else b""
                unpacker = start() if is_whole else unpacker
    except fault as e:
        raise PackError(f"cannot be unpacked: {e}") from e
    if not is_whole:
        raise PackError("cannot be unpacked: it is cut off")


def _gzip() -> tuple[Callable[[], _Unpacker], type[Exception]]:
    return lambda: zlib.decompressobj(wbits=31), zlib.error


def _zstandard() -> tuple[Callable[[], _Unpacker], type[Exception]]:
    import zstandard

    return lambda: zstandard.ZstdDecompressor().decompressobj(), zstandard.ZstdError
