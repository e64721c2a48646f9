"""Requests to a bucket, by botocore, and what a refusal means."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from sparkify.errors import AccessError, ObjectChangedError, UnreadableObjectError
from sparkify.store.objects import UNKNOWN_SIZE, Place, StoredObject, changed
from sparkify.store.s3.clients import Account
from sparkify.store.s3.errors import CLIENT_ERRORS, explained, is_of_one_object

NO_ETAG = "no ETag: "
"""How the ETag of an object begins to which the store gave none."""

NOT_WHAT_WAS_LISTED = ("PreconditionFailed", "412", "InvalidRange", "416")
"""Codes of S3's answer when an object has another ETag than was asked for, or ends before the range."""


class Bucket:
    """A bucket, and the prefix in it that a location names."""

    def __init__(self, location: str, account: Account) -> None:
        """`location` is `s3://bucket/prefix` or `s3://bucket`."""
        self.location = location.rstrip("/")
        self.name, _, prefix = self.location.removeprefix("s3://").partition("/")
        self.prefix = f"{prefix}/" if prefix else ""
        self.place = Place(self.url(self.prefix), self.prefix)
        self.account = account
        self.is_charged = False
        """Whether an answer said that AWS bills the account for reading the bucket."""

    def url(self, key: str) -> str:
        """The address of an object."""
        return f"s3://{self.name}/{key}"

    def request(self, operation: str, **options: Any) -> dict[str, Any]:
        """The answer to a request; what botocore raises comes as it is."""
        payer = {} if self.account.is_unsigned else {"RequestPayer": "requester"}
        answer: dict[str, Any] = getattr(self.account.client, operation)(Bucket=self.name, **payer, **options)
        return answer

    def ask(self, operation: str, **options: Any) -> dict[str, Any]:
        """The answer to a request.

        Raises:
            AccessError: the store refuses or cannot be reached.
        """
        try:
            return self.request(operation, **options)
        except CLIENT_ERRORS as e:
            raise self.explained(self.url(options["Key"]) if "Key" in options else self.location, e) from e

    def upload(self, key: str, path: Path) -> None:
        """Write a file as an object, in parts and in parallel if it is large.

        Raises:
            AccessError: the store refuses or cannot be reached, or the file cannot be read.
        """
        from s3transfer.manager import TransferManager  # of the extra for Redshift, which alone needs this

        try:
            with TransferManager(self.account.client) as manager:
                manager.upload(str(path), self.name, key).result()
        except CLIENT_ERRORS as e:
            raise self.explained(self.url(key), e) from e

    def region(self) -> str:
        """The region of the bucket, which AWS tells even those whom it refuses (API HeadBucket); empty if untold.

        Raises:
            AccessError: the store cannot be reached.
        """
        try:
            answer = self.account.client.head_bucket(Bucket=self.name)
        except ClientError as e:
            answer = e.response
        except CLIENT_ERRORS as e:
            raise self.explained(self.location, e) from e
        return str(answer["ResponseMetadata"].get("HTTPHeaders", {}).get("x-amz-bucket-region", ""))

    @contextmanager
    def refusals(self, item: StoredObject) -> Iterator[None]:
        """Raise what a refused request for an object means.

        Raises:
            AccessError: the store refuses or cannot be reached.
            ObjectChangedError: the object is not what was listed, or cannot be read while others can.
        """
        try:
            yield
        except CLIENT_ERRORS as e:
            raise self.unreadable(item, e) from e

    def unreadable(self, item: StoredObject, e: Exception) -> AccessError | ObjectChangedError:
        """The error of an object that cannot be read. One that is another than listed, or archived, stops no others."""
        if isinstance(e, ClientError) and e.response["Error"]["Code"] in NOT_WHAT_WAS_LISTED:
            return changed(item, "it was replaced after it was listed")
        error = self.explained(item.name, e)
        if item.size != UNKNOWN_SIZE and is_of_one_object(e):
            return UnreadableObjectError(*error.lines, object=item.name)
        return error

    def explained(self, name: str, e: Exception) -> AccessError:
        """The error of a request for an object or a bucket: what is wrong, and what to do."""
        return explained(name, e, is_unsigned=self.account.is_unsigned)
