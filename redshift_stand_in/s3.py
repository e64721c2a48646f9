"""S3 as COPY reads it and UNLOAD writes it.

With the rights of the role that the statement names, and Redshift's words for a refusal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError
from obstore.exceptions import BaseError
from obstore.store import S3Store

from redshift_stand_in.settings import Settings
from redshift_stand_in.wire import SqlError

THREADS = 8


@dataclass(frozen=True)
class Address:
    """An object or a prefix."""

    bucket: str
    key: str

    @staticmethod
    def read(url: str) -> Address:
        """Raises SqlError where it is no S3 address."""
        scheme, _, rest = url.partition("://")
        bucket, _, key = rest.partition("/")
        if scheme != "s3" or not bucket:
            raise SqlError("XX000", f"Invalid S3 path: {url}")
        return Address(bucket, key)

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True)
class StoredFile:
    """An object that was read."""

    address: Address
    data: bytes
    etag: str
    last_modified: datetime


class Account:
    """The AWS account that the cluster belongs to: how its S3 and STS are reached, and by which keys."""

    def __init__(self, settings: Settings) -> None:
        self.region = settings.region
        self.name = f"arn:aws:redshift:{settings.region}:123456789012:dbuser:stand-in/{settings.user}"
        self._endpoint = settings.s3_endpoint or None
        self._session = boto3.Session(region_name=self.region)
        self._lock = Lock()
        mine = {"aws_access_key_id": settings.account_key, "aws_secret_access_key": settings.account_secret}
        self.s3, self.sts = self.client("s3", **mine), self.client("sts", **mine)

    def client(self, service: str, **keys: str) -> Any:
        config = Config(max_pool_connections=THREADS, retries={"total_max_attempts": 2})
        with self._lock:
            return self._session.client(service, endpoint_url=self._endpoint, config=config, **keys)

    def store(self, bucket: str, keys: Mapping[str, str]) -> S3Store:
        """A bucket through a client that reads small objects three times as fast, but does not tell S3's errors."""
        login: Any = {name.removeprefix("aws_"): key for name, key in keys.items()}
        options: Any = {"allow_http": True}
        return S3Store(bucket, endpoint=self._endpoint, region=self.region, client_options=options, **login)


class Lake:
    """The buckets as a role may read and write them."""

    def __init__(self, account: Account, role: str, region: str, query: int) -> None:
        """Assume the role.

        Raises:
            SqlError: the cluster may not.
        """
        self._account = account
        self._region = region or account.region
        self._query = query
        self._keys = self._assumed(role)
        self._s3 = account.client("s3", **self._keys)
        self._regions: dict[str, str] = {}

    def _assumed(self, role: str) -> dict[str, str]:
        try:
            answer = self._account.sts.assume_role(RoleArn=role, RoleSessionName="RedshiftIamRoleSession")
        except ClientError as e:
            message = f"User {self._account.name} is not authorized to assume IAM Role {role}"
            raise self.error(message, f"IAM Role={role}", "xen_aws_credentials_mgr.cpp") from e
        keys = answer["Credentials"]
        return {
            "aws_access_key_id": keys["AccessKeyId"],
            "aws_secret_access_key": keys["SecretAccessKey"],
            "aws_session_token": keys["SessionToken"],
        }

    def error(self, message: str, context: str, location: str = "s3_utility.cpp") -> SqlError:
        """An error with the block of details that Redshift gives."""
        rule = "-" * 47
        facts = {"error:": message, "code:": 8001, "context:": context, "query:": self._query, "location:": location}
        lines = "\n".join(f"  {name:<10} {fact}" for name, fact in facts.items())
        return SqlError("XX000", message, f"\n  {rule}\n{lines}\n  process:   padbmaster [pid=0]\n  {rule}\n")

    def listed(self, prefix: Address) -> list[Address]:
        """The objects whose keys begin with a prefix.

        Raises:
            SqlError: there are none, or they cannot be listed.
        """
        if found := self.found(prefix):
            return found
        raise self.error(f"The specified S3 prefix '{prefix.key}' does not exist", "")

    def found(self, prefix: Address) -> list[Address]:
        """The objects whose keys begin with a prefix, if there are any.

        Raises:
            SqlError: they cannot be listed.
        """
        self._check_region(prefix)
        try:
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=prefix.bucket, Prefix=prefix.key)
            return [Address(prefix.bucket, item["Key"]) for page in pages for item in page.get("Contents", ())]
        except ClientError as e:
            raise self._refused(e, f"Failed to list S3 prefix: {prefix}") from e

    def write(self, address: Address, data: bytes) -> None:
        """Put an object, in place of any before.

        Raises:
            SqlError: the role may not.
        """
        try:
            self._s3.put_object(Bucket=address.bucket, Key=address.key, Body=data)
        except ClientError as e:
            raise self._refused(e, f"Failed to write S3 object: {address}") from e

    def delete(self, addresses: Iterable[Address]) -> None:
        """Delete objects.

        Raises:
            SqlError: the role may not; those before it are gone.
        """
        for address in addresses:
            try:
                self._s3.delete_object(Bucket=address.bucket, Key=address.key)
            except ClientError as e:
                raise self._refused(e, f"Failed to delete S3 object: {address}") from e

    def read(self, address: Address) -> bytes:
        """What an object holds.

        Raises:
            SqlError: it cannot be read.
        """
        self._check_region(address)
        return self._get(address).data

    def read_manifest(self, address: Address) -> bytes:
        """What a manifest holds; Redshift words it differently when it cannot be read.

        Raises:
            SqlError: it cannot be read.
        """
        self._check_region(address)
        context = f"Manifest file location = {address}"
        try:
            return self._get_or_raise(address).data
        except ClientError as e:
            if e.response["Error"]["Code"] == "AccessDenied":
                message = "COPY with MANIFEST parameter requires full path of an S3 object."
                raise self.error(message, context) from e
            raise self._refused(e, context, "Problem reading manifest file - ") from e

    def _read_if_there(self, store: S3Store, address: Address, is_mandatory: bool) -> StoredFile | None:
        with suppress(OSError, BaseError):
            got = store.get(address.key)
            return StoredFile(address, bytes(got.bytes()), got.meta["e_tag"] or "", got.meta["last_modified"])
        try:
            return self._get(address)
        except SqlError as e:
            if not is_mandatory and "Error NoSuchKey" in str(e):
                return None
            raise

    def _get(self, address: Address) -> StoredFile:
        try:
            return self._get_or_raise(address)
        except ClientError as e:
            raise self._refused(e, f"S3 key being read : {address}") from e

    def _get_or_raise(self, address: Address) -> StoredFile:
        got = self._s3.get_object(Bucket=address.bucket, Key=address.key)
        return StoredFile(address, got["Body"].read(), got["ETag"], got["LastModified"])

    def read_all(self, entries: Iterable[tuple[Address, bool]]) -> Iterator[StoredFile]:
        """What objects hold, in order. Each comes with whether it must be there; else it may lack, and is left out.

        Raises:
            SqlError: one cannot be read.
        """
        listed = list(entries)
        stores = {
            bucket: self._account.store(bucket, self._keys) for bucket in {address.bucket for address, _ in listed}
        }
        for bucket in stores:
            self._check_region(Address(bucket, ""))
        with ThreadPoolExecutor(THREADS) as pool:
            contents = pool.map(lambda entry: self._read_if_there(stores[entry[0].bucket], *entry), listed)
            yield from (file for file in contents if file)

    def _check_region(self, address: Address) -> None:
        """S3 answers only in the bucket's own region; the server behind may not care, so it is looked at here."""
        if address.bucket not in self._regions:
            try:
                answer = self._account.s3.get_bucket_location(Bucket=address.bucket)
            except ClientError as e:
                raise self._refused(e, f"S3 bucket: {address.bucket}") from e
            self._regions[address.bucket] = answer.get("LocationConstraint") or "us-east-1"
        if self._regions[address.bucket] != self._region:
            message = (
                "S3ServiceException:The S3 bucket addressed by the query is in a different region from this cluster.,"
                "Status 301,Error PermanentRedirect,Rid 0,ExtRid 0,CanRetry 1"
            )
            raise self.error(message, f"Failed to list S3 prefix: {address}")

    def _refused(self, error: ClientError, context: str, where: str = "") -> SqlError:
        told, status = error.response["Error"], error.response["ResponseMetadata"]["HTTPStatusCode"]
        text = "Access Denied" if told["Code"] == "AccessDenied" else told["Message"]
        message = f"{where}S3ServiceException:{text},Status {status},Error {told['Code']},Rid 0,ExtRid 0,CanRetry 1"
        return self.error(message, context, "table_s3_scanner.cpp")
