"""S3 as COPY reads it and UNLOAD writes it: with the rights of the statement's role, and Redshift's error texts."""

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
"""Objects that are read at a time."""


@dataclass(frozen=True)
class Address:
    """The address of an object or of a prefix."""

    bucket: str
    key: str

    @staticmethod
    def parse(url: str) -> Address:
        """The address that a text such as `s3://bucket/key` names.

        Raises:
            SqlError: it is no S3 address.
        """
        scheme, _, rest = url.partition("://")
        bucket, _, key = rest.partition("/")
        if scheme != "s3" or not bucket:
            raise SqlError("XX000", f"Invalid S3 path: {url}")
        return Address(bucket, key)

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


@dataclass(frozen=True)
class StoredFile:
    """An object and its bytes as they are stored, packed or not."""

    address: Address
    data: bytes
    etag: str
    last_modified: datetime


class Account:
    """The AWS account of the cluster: clients of its S3 and STS, with the cluster's keys or a role's."""

    def __init__(self, settings: Settings) -> None:
        self.region = settings.region
        self.name = f"arn:aws:redshift:{settings.region}:123456789012:dbuser:stand-in/{settings.user}"
        self._endpoint = settings.s3_endpoint or None
        self._session = boto3.Session(region_name=self.region)
        self._lock = Lock()
        keys = {"aws_access_key_id": settings.account_key, "aws_secret_access_key": settings.account_secret}
        self.s3, self.sts = self.client("s3", **keys), self.client("sts", **keys)

    def client(self, service: str, **keys: str) -> Any:
        """A client of boto3."""
        config = Config(max_pool_connections=THREADS, retries={"total_max_attempts": 2})
        with self._lock:
            return self._session.client(service, endpoint_url=self._endpoint, config=config, **keys)

    def store(self, bucket: str, keys: Mapping[str, str]) -> S3Store:
        """A client of obstore: it reads small objects three times as fast, but hides S3's error codes."""
        login: Any = {name.removeprefix("aws_"): key for name, key in keys.items()}
        options: Any = {"allow_http": True}
        return S3Store(bucket, endpoint=self._endpoint, region=self.region, client_options=options, **login)


class Buckets:
    """The buckets as a role may read and write them."""

    def __init__(self, account: Account, role: str, region: str, query_id: int) -> None:
        """Assume the role. `region` is the statement's REGION, empty for the cluster's own.

        Raises:
            SqlError: the cluster may not assume it.
        """
        self._account = account
        self._region = region or account.region
        self._query_id = query_id
        self._keys = self._assume(role)
        self._s3 = account.client("s3", **self._keys)
        self._regions: dict[str, str] = {}

    def _assume(self, role: str) -> dict[str, str]:
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

    def error(self, message: str, context: str, location: str = "s3_utility.cpp", code: int = 8001) -> SqlError:
        """An error with the block of details that Redshift adds to it."""
        rule = "-" * 47
        details = {
            "error:": message,
            "code:": code,
            "context:": context,
            "query:": self._query_id,
            "location:": location,
        }
        lines = "\n".join(f"  {name:<10} {value}" for name, value in details.items())
        return SqlError("XX000", message, f"\n  {rule}\n{lines}\n  process:   padbmaster [pid=0]\n  {rule}\n")

    def require_objects(self, prefix: Address) -> list[Address]:
        """The objects whose keys begin with a prefix, at least one.

        Raises:
            SqlError: there are none, or the role may not list them.
        """
        if objects := self.objects(prefix):
            return objects
        raise self.error(f"The specified S3 prefix '{prefix.key}' does not exist", "")

    def objects(self, prefix: Address) -> list[Address]:
        """The objects whose keys begin with a prefix.

        Raises:
            SqlError: the role may not list them.
        """
        self._check_region(prefix)
        try:
            pages = self._s3.get_paginator("list_objects_v2").paginate(Bucket=prefix.bucket, Prefix=prefix.key)
            return [Address(prefix.bucket, item["Key"]) for page in pages for item in page.get("Contents", ())]
        except ClientError as e:
            raise self._s3_error(e, f"Failed to list S3 prefix: {prefix}") from e

    def write(self, address: Address, data: bytes) -> None:
        """Put an object, in place of any that has its key.

        Raises:
            SqlError: the role may not.
        """
        try:
            self._s3.put_object(Bucket=address.bucket, Key=address.key, Body=data)
        except ClientError as e:
            raise self._s3_error(e, f"Failed to write S3 object: {address}") from e

    def delete(self, addresses: Iterable[Address]) -> None:
        """Delete objects.

        Raises:
            SqlError: the role may not delete one; those before it are deleted.
        """
        for address in addresses:
            try:
                self._s3.delete_object(Bucket=address.bucket, Key=address.key)
            except ClientError as e:
                raise self._s3_error(e, f"Failed to delete S3 object: {address}") from e

    def read(self, address: Address) -> bytes:
        """The bytes of an object.

        Raises:
            SqlError: there is none, or the role may not read it.
        """
        self._check_region(address)
        return self._get(address).data

    def read_manifest(self, address: Address) -> bytes:
        """The bytes of a manifest; its errors have words of their own.

        Raises:
            SqlError: there is none, or the role may not read it.
        """
        self._check_region(address)
        context = f"Manifest file location = {address}"
        try:
            return self._get_or_client_error(address).data
        except ClientError as e:
            if e.response["Error"]["Code"] == "AccessDenied":
                message = "COPY with MANIFEST parameter requires full path of an S3 object."
                raise self.error(message, context) from e
            raise self._s3_error(e, context, "Problem reading manifest file - ") from e

    def read_all(self, entries: Iterable[tuple[Address, bool]]) -> Iterator[StoredFile]:
        """The files of some entries, in their order. An entry is an address and whether the object is mandatory.

        An object that is not mandatory and does not exist is left out.

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
            files = pool.map(lambda entry: self._read_entry(stores[entry[0].bucket], *entry), listed)
            yield from (file for file in files if file)

    def _read_entry(self, store: S3Store, address: Address, is_mandatory: bool) -> StoredFile | None:
        # Obstore knows no other keys: it leaves out empty parts, and refuses control characters.
        if address.key.isprintable() and not {"", ".", ".."} & {*address.key.split("/")}:
            with suppress(OSError, BaseError):  # boto3 reads it again then, and its error has S3's code
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
            return self._get_or_client_error(address)
        except ClientError as e:
            raise self._s3_error(e, f"S3 key being read : {address}") from e

    def _get_or_client_error(self, address: Address) -> StoredFile:
        got = self._s3.get_object(Bucket=address.bucket, Key=address.key)
        return StoredFile(address, got["Body"].read(), got["ETag"], got["LastModified"])

    def _check_region(self, address: Address) -> None:
        """Raise SqlError if the bucket is in another region, where AWS would not answer; other S3 servers would."""
        if address.bucket not in self._regions:
            try:
                answer = self._account.s3.get_bucket_location(Bucket=address.bucket)
            except ClientError as e:
                raise self._s3_error(e, f"S3 bucket: {address.bucket}") from e
            self._regions[address.bucket] = answer.get("LocationConstraint") or "us-east-1"
        if self._regions[address.bucket] != self._region:
            message = (
                "S3ServiceException:The S3 bucket addressed by the query is in a different region from this cluster.,"
                "Status 301,Error PermanentRedirect,Rid 0,ExtRid 0,CanRetry 1"
            )
            raise self.error(message, f"Failed to list S3 prefix: {address}")

    def _s3_error(self, error: ClientError, context: str, prefix: str = "") -> SqlError:
        answer, status = error.response["Error"], error.response["ResponseMetadata"]["HTTPStatusCode"]
        text = "Access Denied" if answer["Code"] == "AccessDenied" else answer["Message"]
        message = f"{prefix}S3ServiceException:{text},Status {status},Error {answer['Code']},Rid 0,ExtRid 0,CanRetry 1"
        return self.error(message, context, "table_s3_scanner.cpp")
