"""Read what was listed: each answer must be about the same version of the object, and hold as many bytes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from typing import Any

import obstore
from obstore.exceptions import PreconditionError
from obstore.store import S3Store

from sparkify.errors import ObjectChangedError
from sparkify.parallel import in_order
from sparkify.store.objects import UNKNOWN_SIZE, StoredObject, changed
from sparkify.store.s3 import clients
from sparkify.store.s3.bucket import NO_ETAG, Bucket
from sparkify.store.s3.errors import CLIENT_ERRORS

READ_AHEAD = 4 * clients.READING_THREADS
"""Objects that are read before they are needed."""

READ_SIZE = 1_000_000
"""Bytes that are read of a large object at a time."""


class Reader:
    """Reads objects of a bucket."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._address: clients.Address | None = None
        """Where obstore reads; None until the bucket has answered a listing."""

    def read(self, item: StoredObject) -> bytes:
        """See `ObjectStore.read`."""
        if not self._reads_by_obstore or not _is_plain(item):
            return b"".join(self.pieces(item))
        etag = _etag(item)
        try:
            answer = obstore.get(self._obstore, item.path, options={"if_match": etag} if etag else None)
            _require_listed(item, answer.meta["size"], answer.meta["e_tag"] or "")
            content = answer.bytes().to_bytes()
        except PreconditionError as e:
            raise changed(item, "it was replaced after it was listed") from e
        except CLIENT_ERRORS as e:
            raise self._bucket.unreadable(item, e) from e
        _require_listed(item, len(content))
        return content

    @property
    def _reads_by_obstore(self) -> bool:
        """Whether obstore, which is quicker, reads small objects: it must know where, and check certificates alike."""
        if self._address is None:
            return False
        return not (self._address.is_encrypted and self._bucket.account.has_own_certificates)

    @cached_property
    def _obstore(self) -> S3Store:
        assert self._address
        return clients.obstore_client(self._bucket.account, self._bucket.name, self._address)

    def read_many(
        self, items: Iterable[StoredObject], done: Callable[[int], None]
    ) -> Iterator[tuple[StoredObject, bytes | ObjectChangedError]]:
        """See `ObjectStore.read_many`. A bounded number of objects is read ahead, in parallel."""

        def read(item: StoredObject) -> tuple[StoredObject, bytes | ObjectChangedError]:
            try:
                return item, self.read(item)
            except ObjectChangedError as e:
                return item, e

        for item_and_content in in_order(read, items, threads=clients.READING_THREADS, ahead=READ_AHEAD):
            yield item_and_content
            done(1)

    def first_bytes(self, item: StoredObject, size: int) -> bytes:
        """See `ObjectStore.first_bytes`."""
        with self._bucket.refusals(item):
            content: bytes = self._get(item, _etag(item), f"bytes=0-{size - 1}")["Body"].read(size)
        return content

    def pieces(self, item: StoredObject) -> Iterator[bytes]:
        """See `ObjectStore.pieces`. An answer that breaks off is read on from there."""
        count, etag = 0, _etag(item)
        for attempt in range(clients.ATTEMPTS):
            try:
                etag, body = self._body(item, etag, count)
                for piece in body:
                    count += len(piece)
                    yield piece
                break
            except CLIENT_ERRORS as e:
                if attempt == clients.ATTEMPTS - 1:
                    raise self._bucket.explained(item.name, e) from e
        _require_listed(item, count)

    def _body(self, item: StoredObject, etag: str, start: int) -> tuple[str, Iterator[bytes]]:
        """The ETag of an object, and its content from a byte on."""
        with self._bucket.refusals(item):
            answer = self._get(item, etag, f"bytes={start}-" if start else "")
        is_part = answer["ResponseMetadata"]["HTTPStatusCode"] == 206
        if is_part and not answer.get("ContentRange", "").startswith(f"bytes {start}-"):
            raise changed(item, "the store answers with another part of it than was asked for")
        _require_listed(item, answer["ContentLength"] + (start if is_part else 0), answer.get("ETag", ""))
        body = answer["Body"].iter_chunks(READ_SIZE)
        return answer.get("ETag", etag), body if is_part or not start else _from(start, body)

    def _get(self, item: StoredObject, etag: str, byte_range: str) -> dict[str, Any]:
        """The answer to a request for an object, in the version of an ETag, or for a range of its bytes."""
        options = {**({"IfMatch": etag} if etag else {}), **({"Range": byte_range} if byte_range else {})}
        return self._bucket.request("get_object", Key=item.path, **options)


def _is_plain(item: StoredObject) -> bool:
    """Whether obstore takes a key as it is: it knows no empty parts, no `.` and `..`, and no control characters."""
    is_header = item.etag.isascii() and item.etag.isprintable()
    return is_header and item.path.isprintable() and not {"", ".", ".."} & {*item.path.split("/")}


def _etag(item: StoredObject) -> str:
    """The ETag with which the store listed an object; empty where it gave none."""
    return "" if item.etag.startswith(NO_ETAG) else item.etag


def _require_listed(item: StoredObject, size: int, etag: str = "") -> None:
    """Make sure that an answer of this size, and of this ETag if it has one, is about the content that was listed.

    Raises:
        ObjectChangedError: it is not.
    """
    listed = _etag(item)
    if listed and etag and etag.removeprefix("W/").strip('"') != listed.removeprefix("W/").strip('"'):
        raise changed(item, "the store answers with another version than it has listed")
    if item.size not in (size, UNKNOWN_SIZE):
        raise changed(item, f"the store answers with {size:,} bytes, and has listed {item.size:,}")


def _from(start: int, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Pieces of a content from a byte on: the rest of an answer that ignored the range that was asked for."""
    for piece in pieces:
        yield piece[start:]
        start = max(start - len(piece), 0)
