"""What botocore and obstore are to the program, with a folder for each bucket: no network, and no keys."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from obstore.store import LocalStore

from sparkify.store.folder import etag
from sparkify.store.s3.clients import Address

Step = Callable[[str, Callable[[], Any]], Any]
"""Does what it is given, as a step of a name."""


class Account:
    """In place of `sparkify.store.s3.clients.Account`."""

    is_unsigned = False
    has_own_certificates = False

    def __init__(self, buckets: Path, step: Step) -> None:
        self.client = Client(buckets, step)

    def address(self) -> Address:
        return Address("http://127.0.0.1", "us-east-1")

    def credentials(self) -> dict[str, str]:
        return {}


class Client:
    """The requests that the program makes to botocore."""

    def __init__(self, buckets: Path, step: Step) -> None:
        self._buckets = buckets
        self._step = step

    def list_objects_v2(self, **options: Any) -> dict[str, Any]:
        """All keys on one page, for any delimiter; a folder is the empty object that S3's console makes."""
        bucket = self._buckets / options["Bucket"]
        paths = self._step("list", lambda: sorted(bucket.rglob("*")))
        entries: list[dict[str, Any]] = [
            {
                "Key": f"{path.relative_to(bucket).as_posix()}{'/' if path.is_dir() else ''}",
                "ETag": etag(path.stat()),
                "Size": 0 if path.is_dir() else path.stat().st_size,
            }
            for path in paths
        ]
        below = [entry for entry in entries if entry["Key"].startswith(options["Prefix"])]
        return {"IsTruncated": False, "Contents": below}

    def get_object(self, **options: Any) -> dict[str, Any]:
        content: bytes = self._step("read", (self._buckets / options["Bucket"] / options["Key"]).read_bytes)
        return {
            "ResponseMetadata": {"HTTPStatusCode": 200},
            "ContentLength": len(content),
            "Body": Body(content, self._step),
        }


class Body:
    """The content of an answer, of which every piece is a step."""

    def __init__(self, content: bytes, step: Step) -> None:
        self._content = io.BytesIO(content)
        self._step = step

    def iter_chunks(self, size: int) -> Iterator[bytes]:
        while piece := self._step("read", lambda: self._content.read(size)):
            yield piece


def reader(buckets: Path) -> Callable[..., LocalStore]:
    """In place of obstore's `S3Store`."""
    return lambda bucket, **_: LocalStore(prefix=buckets / bucket)
