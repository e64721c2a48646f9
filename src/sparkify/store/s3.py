"""Objects in S3, or in a store that speaks its protocol.

boto3 lists, writes and deletes: it finds credentials, regions and endpoints as AWS's own tools do, follows a bucket
into its region, and takes any key. obstore reads: it is several times faster for many small objects. It reads at the
address, and signs for the region, of the request that the bucket has answered to boto3. Keys that obstore would change
or refuse are read by boto3.
"""

from __future__ import annotations

import os
import re
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import botocore.session
import obstore
from botocore import UNSIGNED
from botocore.config import Config as ClientConfig
from botocore.exceptions import BotoCoreError, ClientError
from obstore.exceptions import PreconditionError
from obstore.store import S3Store

from sparkify.config import Store
from sparkify.errors import AccessError, ObjectChangedError
from sparkify.store.objects import (
    UNKNOWN_SIZE,
    Listing,
    StoredObject,
    changed,
    require_listable,
    sorted_listing,
)
from sparkify.store.s3_errors import CLIENT_ERRORS, explained

if TYPE_CHECKING:
    from obstore.store import S3Credential

READING_THREADS = 32
READ_AHEAD = 4 * READING_THREADS
"""Objects that are read before they are asked for."""

READ_SIZE = 1_000_000
"""Bytes that are read of a large object at a time."""

LISTING_THREADS = 8

FAN_OUT = 16
"""Once a listing has come to this many folders, what is below them is listed in parallel."""

CONNECT_TIMEOUT, READ_TIMEOUT = 10, 60
"""Seconds until a connection must stand, and until the next bytes must come; the whole may take much longer."""

ATTEMPTS = 5
"""How often a request, or reading on where a large object broke off, is tried."""

MOST_FOLDERS = 200
"""Folders that are listed in parallel; what lies in more is listed as one, for each costs a request of its own."""

LISTING_FIELDS = {"Name", "KeyCount", "IsTruncated", "Contents", "CommonPrefixes"}
"""Fields of which every answer to a listing has one (API ListObjectsV2)."""

NO_ETAG = "no ETag: "
"""How the ETag of an object begins that the store gave none."""

DELETED_AT_ONCE = 1000
"""The most keys that one request deletes (API DeleteObjects)."""

NEARBY = 5
"""Prefixes that are named where a prefix holds nothing."""


class Account:
    """Credentials, region and a client, found as AWS's own tools find them: environment, profile, SSO, instance role.

    Where there are no credentials, requests are not signed, as public buckets allow.
    """

    def __init__(self, settings: Store) -> None:
        """The access key and the region of dwh.cfg go before those of the environment.

        Raises:
            AccessError: the profile is not there, or its credentials cannot be used.
        """
        try:
            core = botocore.session.get_session()
            # Times of a listing are rarely asked for, and are most of the time that its parsing takes.
            core.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=str)
            region = settings.region or os.environ.get("AWS_REGION") or None
            session = boto3.Session(
                settings.key or None, settings.secret or None, region_name=region, botocore_session=core
            )
            self.has_own_certificates = bool(
                core.get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE")
            )
            """Whether the store's certificate is checked against a file, which boto3 reads and obstore does not."""
            self._credentials = session.get_credentials()
            self.is_unsigned = self._credentials is None
            self.client: Any = session.client(
                "s3", region_name=session.region_name or "us-east-1", config=self._config()
            )
        except (BotoCoreError, ValueError) as e:
            fix = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and look at AWS_ENDPOINT_URL"
            raise AccessError(f"the settings of AWS cannot be used; {fix} ({e})") from e
        self._sent = threading.local()
        self.client.meta.events.register("before-send.s3", self._remember)

    def _config(self) -> ClientConfig:
        return ClientConfig(
            signature_version=UNSIGNED if self.is_unsigned else None,
            connect_timeout=CONNECT_TIMEOUT,
            read_timeout=READ_TIMEOUT,
            tcp_keepalive=True,
            retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
            max_pool_connections=READING_THREADS,
            # Other stores than AWS's know no checksums of this kind.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )

    def _remember(self, request: Any, **_: object) -> None:
        self._sent.request = request

    def address(self) -> Address:
        """Where the last request of this thread went."""
        request = self._sent.request
        signed = re.search(r"Credential=[^/]+/\d+/([^/]+)/", str(request.headers.get("Authorization", "")))
        return Address(request.url.partition("?")[0].rstrip("/"), signed[1] if signed else "us-east-1")

    def credentials(self) -> S3Credential:
        """The credentials as obstore takes them; botocore renews temporary ones, so it is asked again soon."""
        frozen = self._credentials.get_frozen_credentials()
        return {
            "access_key_id": frozen.access_key,
            "secret_access_key": frozen.secret_key,
            "token": frozen.token,
            "expires_at": datetime.now(UTC) + timedelta(minutes=5, seconds=1),
        }


@dataclass(frozen=True)
class Address:
    """The URL of a bucket, and the region for which requests to it are signed."""

    url: str
    region: str


class S3Prefix:
    """The objects of a bucket below a prefix, or the one object whose key the prefix is."""

    def __init__(self, location: str, account: Account) -> None:
        """`location` is `s3://bucket/prefix` or `s3://bucket`."""
        self.location = location.rstrip("/")
        self._bucket, _, prefix = self.location.removeprefix("s3://").partition("/")
        self._prefix = f"{prefix}/" if prefix else ""
        self._account = account
        self._address: Address | None = None
        self._is_charged = False

    def list_objects(self) -> Listing:
        """See `ObjectStore.list_objects`."""
        listed = self._list_in_parallel() or [self._single_object()]
        return sorted_listing((item for item in listed if item.key), warnings=self._warnings())

    def _warnings(self) -> Iterator[str]:
        if self._account.is_unsigned:
            yield f"{self.location}: no AWS credentials were found; the bucket is read unsigned, as public ones allow"
        if self._is_charged:
            yield f"{self.location}: the bucket is requester pays; AWS bills your account for reading it"

    def _list_in_parallel(self) -> list[StoredObject]:
        folders, found = [self._prefix], []
        while folders and len(folders) < FAN_OUT:
            pages = [page for folder in folders for page in self._pages(folder, Delimiter="/")]
            found += [item for page in pages for item in self._objects(page)]
            above, folders = folders, [name for page in pages for name in self._folders(page)]
            if set(folders) & set(above):
                raise self._no_listing()
        self._address = self._account.address()
        if len(folders) > MOST_FOLDERS:
            folders, found = [self._prefix], []

        def below(folder: str) -> list[StoredObject]:
            return [item for page in self._pages(folder) for item in self._objects(page)]

        with ThreadPoolExecutor(LISTING_THREADS) as pool:
            for some in pool.map(below, folders):
                found += some
                require_listable(self.location, len(found))
        return found

    def _pages(self, prefix: str, **options: str) -> Iterator[dict[str, Any]]:
        """The pages of a listing, each of which must say that it is one, and where the next begins."""
        count, token = 0, ""
        tokens = set[str]()
        while True:
            page = self._ask(
                "list_objects_v2", Prefix=prefix, **options, **({"ContinuationToken": token} if token else {})
            )
            if not LISTING_FIELDS & page.keys():
                raise self._no_listing()
            self._is_charged = self._is_charged or "RequestCharged" in page
            yield page
            if not page.get("IsTruncated"):
                return
            tokens.add(token)
            token = page.get("NextContinuationToken", "")
            count += len(page.get("Contents", ())) or 1
            if not token or token in tokens:
                raise AccessError(f"{self.location}: the store's listing repeats itself or breaks off; run again later")
            require_listable(self.location, count)

    def _objects(self, page: dict[str, Any]) -> list[StoredObject]:
        try:
            return [
                self._stored(entry["Key"], entry.get("ETag") or _substitute(entry), int(entry["Size"]))
                for entry in page.get("Contents", ())
            ]
        except (KeyError, ValueError) as e:
            raise self._no_listing() from e

    def _folders(self, page: dict[str, Any]) -> list[str]:
        try:
            return [each["Prefix"] for each in page.get("CommonPrefixes", ())]
        except KeyError as e:
            raise self._no_listing() from e

    def _no_listing(self) -> AccessError:
        return AccessError(f"{self.location}: the store's answer is no listing; check AWS_ENDPOINT_URL")

    def _stored(self, path: str, etag: str, size: int) -> StoredObject:
        return StoredObject(self._name(path), path.removeprefix(self._prefix), path, etag, size)

    def _single_object(self) -> StoredObject:
        """The object whose key the location is; its key below the prefix is its last part.

        Raises:
            AccessError: there is none; the text names what is near.
        """
        path = self._prefix.rstrip("/")
        if not path:
            raise AccessError(f"{self.location}: the bucket is empty; set [S3] to the bucket that holds the data")
        near: list[str] = []
        with suppress(AccessError):  # to look around may be forbidden where the listing was not
            [page, *_] = self._pages(path, Delimiter="/")
            for item in self._objects(page):
                if item.path == path:
                    return item._replace(key=path.rpartition("/")[2])
            near = [*_names(page)] or self._near(path)
        names = ", ".join(f"s3://{self._bucket}/{each}" for each in near[:NEARBY])
        hint = f"; there is {names}" if names else ""
        raise AccessError(
            f"{self.location}: no object lies below this prefix; set [S3] to the one that holds the data{hint}"
        )

    def _near(self, path: str) -> list[str]:
        """What lies in the same folder as a path, the most similar first."""
        folder = f"{path.rpartition('/')[0]}/".lstrip("/")
        [page, *_] = self._pages(folder, Delimiter="/")
        names = [*_names(page)]
        return get_close_matches(path, names, n=NEARBY, cutoff=0.5) or names

    def item(self, name: str) -> StoredObject:
        """See `ObjectStore.item`."""
        return self._stored(self._prefix + name, etag="", size=UNKNOWN_SIZE)

    def local_path(self, item: StoredObject) -> None:
        """See `ObjectStore.local_path`."""
        return

    def is_unchanged(self, item: StoredObject) -> bool:
        """See `ObjectStore.is_unchanged`; there is no file that could change."""
        return True

    def read(self, item: StoredObject) -> bytes:
        """See `ObjectStore.read`."""
        if self._address is None or self._account.has_own_certificates or not _is_plain(item):
            return b"".join(self.pieces(item))
        try:
            answer = obstore.get(self._reader, item.path, options={"if_match": item.etag} if _has_etag(item) else None)
            _require_listed(item, answer.meta["e_tag"] or "", answer.meta["size"])
            content = answer.bytes().to_bytes()
        except PreconditionError as e:
            raise changed(item, "it was replaced after it was listed") from e
        except CLIENT_ERRORS as e:
            raise self._explained(item.name, e) from e
        _require_listed(item, item.etag, len(content))
        return content

    def read_many(
        self, items: Iterable[StoredObject], done: Callable[[int], None]
    ) -> Iterator[tuple[StoredObject, bytes | ObjectChangedError]]:
        """See `ObjectStore.read_many`. A bounded number of objects is read ahead, in parallel."""

        def read(item: StoredObject) -> tuple[StoredObject, bytes | ObjectChangedError]:
            try:
                return item, self.read(item)
            except ObjectChangedError as e:
                return item, e

        with ThreadPoolExecutor(READING_THREADS) as pool:
            waiting: deque[Future[tuple[StoredObject, bytes | ObjectChangedError]]] = deque()
            for item in items:
                waiting.append(pool.submit(read, item))
                if len(waiting) > READ_AHEAD:
                    yield waiting.popleft().result()
                    done(1)
            for future in waiting:
                yield future.result()
                done(1)

    def first_bytes(self, item: StoredObject, size: int) -> bytes:
        """See `ObjectStore.first_bytes`."""
        with self._refusals(item):
            options = {"IfMatch": item.etag} if _has_etag(item) else {}
            answer = self._request("get_object", Key=item.path, Range=f"bytes=0-{size - 1}", **options)
            content: bytes = answer["Body"].read(size)
        return content

    def pieces(self, item: StoredObject) -> Iterator[bytes]:
        """See `ObjectStore.pieces`. An answer that breaks off is read on from there."""
        count, etag = 0, item.etag if _has_etag(item) else ""
        for attempt in range(ATTEMPTS):
            try:
                etag, body = self._body(item, etag, count)
                for piece in body:
                    count += len(piece)
                    yield piece
                break
            except CLIENT_ERRORS as e:
                if attempt == ATTEMPTS - 1:
                    raise self._explained(item.name, e) from e
        _require_listed(item, item.etag, count)

    def _body(self, item: StoredObject, etag: str, start: int) -> tuple[str, Iterator[bytes]]:
        """The ETag of an object, and its content from a byte on."""
        options = {**({"IfMatch": etag} if etag else {}), **({"Range": f"bytes={start}-"} if start else {})}
        with self._refusals(item):
            answer = self._request("get_object", Key=item.path, **options)
        is_part = answer["ResponseMetadata"]["HTTPStatusCode"] == 206
        if is_part and not answer.get("ContentRange", "").startswith(f"bytes {start}-"):
            raise changed(item, "the store answers with another part of it than was asked for")
        _require_listed(item, answer.get("ETag", ""), answer["ContentLength"] + (start if is_part else 0))
        body = answer["Body"].iter_chunks(READ_SIZE)
        return answer.get("ETag", etag), body if is_part or not start else _from(start, body)

    def put(self, name: str, content: bytes) -> str:
        """Write an object below the location; its address.

        Raises:
            AccessError: the store refuses or cannot be reached.
        """
        item = self.item(name)
        self._ask("put_object", Key=item.path, Body=content)
        return item.name

    def keys(self, folder: str) -> set[str]:
        """The keys of all objects in a folder below the location, counted from there.

        Raises:
            AccessError: the store refuses or cannot be reached.
        """
        below = f"{self._prefix}{folder}/"
        entries = [entry for page in self._pages(below) for entry in page.get("Contents", ())]
        return {entry["Key"].removeprefix(below) for entry in entries} - {""}

    def delete(self, folder: str, *, before: datetime | None = None, ending: str = "") -> None:
        """Delete the objects in a folder below the location, if they are older than that and their names end so.

        Raises:
            AccessError: the store refuses or cannot be reached.
        """
        below = f"{self._prefix}{folder.strip('/')}/" if folder else self._prefix
        old = [
            entry["Key"]
            for page in self._pages(below)
            for entry in page.get("Contents", ())
            if entry["Key"].endswith(ending)
            and (before is None or datetime.fromisoformat(entry["LastModified"]) < before)
        ]
        for at in range(0, len(old), DELETED_AT_ONCE):
            keys = [{"Key": key} for key in old[at : at + DELETED_AT_ONCE]]
            answer = self._ask("delete_objects", Delete={"Objects": keys, "Quiet": True})
            if errors := answer.get("Errors"):
                first = errors[0]
                raise AccessError(
                    f"{self._name(first['Key'])}: cannot be deleted ({first.get('Code')}: {first.get('Message')})"
                )

    @cached_property
    def _reader(self) -> S3Store:
        assert self._address is not None
        is_unsigned = self._account.is_unsigned
        return S3Store(
            self._bucket,
            aws_endpoint_url_s3=self._address.url,  # which goes before all addresses of the environment
            virtual_hosted_style_request=True,  # the address is the bucket's own
            region=self._address.region,
            skip_signature=is_unsigned,
            request_payer=not is_unsigned,
            credential_provider=None if is_unsigned else self._account.credentials,
            client_options={
                "allow_http": urlsplit(self._address.url).scheme == "http",
                "timeout": "6 hours",
                "connect_timeout": timedelta(seconds=CONNECT_TIMEOUT),
                "read_timeout": timedelta(seconds=READ_TIMEOUT),
            },
            retry_config={"max_retries": ATTEMPTS - 1, "retry_timeout": timedelta(minutes=3)},
        )

    def _request(self, operation: str, **options: Any) -> dict[str, Any]:
        payer = {} if self._account.is_unsigned else {"RequestPayer": "requester"}
        answer: dict[str, Any] = getattr(self._account.client, operation)(Bucket=self._bucket, **payer, **options)
        return answer

    def _ask(self, operation: str, **options: Any) -> dict[str, Any]:
        """The answer to a request.

        Raises:
            AccessError: the store refuses or cannot be reached.
        """
        try:
            return self._request(operation, **options)
        except CLIENT_ERRORS as e:
            raise self._explained(self._name(options["Key"]) if "Key" in options else self.location, e) from e

    @contextmanager
    def _refusals(self, item: StoredObject) -> Iterator[None]:
        """Raise what a refused request for an object means."""
        try:
            yield
        except ClientError as e:
            if e.response["Error"]["Code"] in ("PreconditionFailed", "412", "InvalidRange", "416"):
                raise changed(item, "it was replaced after it was listed") from e
            raise self._explained(item.name, e) from e
        except CLIENT_ERRORS as e:
            raise self._explained(item.name, e) from e

    def _explained(self, name: str, e: Exception) -> AccessError:
        return explained(name, e, is_unsigned=self._account.is_unsigned)

    def _name(self, key: str) -> str:
        return f"s3://{self._bucket}/{key}"


def _names(page: dict[str, Any]) -> Iterator[str]:
    """The folders and the keys of a page."""
    yield from (each["Prefix"] for each in page.get("CommonPrefixes", ()))
    yield from (entry["Key"] for entry in page.get("Contents", ()))


def _is_plain(item: StoredObject) -> bool:
    """Whether obstore takes a key as it is: it knows no empty parts, no `.` and `..`, and no control characters."""
    is_header = item.etag.isascii() and item.etag.isprintable()
    return is_header and item.path.isprintable() and not {"", ".", ".."} & {*item.path.split("/")}


def _substitute(entry: dict[str, Any]) -> str:
    """What an object's content is known by in a store that has no ETags: its time and its size."""
    return f"{NO_ETAG}{entry.get('LastModified', '')} {entry['Size']}"


def _has_etag(item: StoredObject) -> bool:
    return bool(item.etag) and not item.etag.startswith(NO_ETAG)


def _require_listed(item: StoredObject, etag: str, size: int) -> None:
    """Make sure that an answer is about the content that was listed.

    Raises:
        ObjectChangedError: it is not.
    """
    if _has_etag(item) and etag and etag.removeprefix("W/").strip('"') != item.etag.removeprefix("W/").strip('"'):
        raise changed(item, "the store answers with another version than it has listed")
    if item.size not in (size, UNKNOWN_SIZE):
        raise changed(item, f"the store answers with {size:,} bytes, and has listed {item.size:,}")


def _from(start: int, pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Pieces of a content from a byte on: what is left of an answer that ignored the range that was asked for."""
    for piece in pieces:
        yield piece[start:]
        start = max(start - len(piece), 0)
