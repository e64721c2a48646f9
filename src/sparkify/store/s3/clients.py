"""The two clients of S3: their settings, and the credentials, the region and the address that they share."""

from __future__ import annotations

import os
import re
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import botocore.session
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import BotoCoreError, PartialCredentialsError
from obstore.store import S3Store

from sparkify.config import Store
from sparkify.errors import AccessError
from sparkify.store.s3 import pages

if TYPE_CHECKING:
    from obstore.store import S3Credential

CONNECT_TIMEOUT, READ_TIMEOUT = 10, 60
"""Seconds until a connection must be made, and until the next bytes must arrive; the whole may take much longer."""

ATTEMPTS = 5
"""How often a request, or reading on where a large object broke off, is tried."""

READING_THREADS = 32
"""Small objects that are read at a time."""


@dataclass(frozen=True)
class Address:
    """The URL of a bucket, and the region for which requests to it are signed."""

    url: str
    region: str

    @property
    def is_encrypted(self) -> bool:
        """Whether the store shows a certificate."""
        return urlsplit(self.url).scheme != "http"


class Account:
    """Credentials, region and botocore's client, found as AWS's own tools find them: environment, profile, SSO, role.

    Where there are no credentials, requests are not signed, as public buckets allow.
    """

    def __init__(self, settings: Store) -> None:
        """The access key and the region of dwh.cfg override those of the environment.

        Raises:
            AccessError: the profile is not there, or its credentials cannot be used.
        """
        try:
            session = new_session(settings, settings.region or os.environ.get("AWS_REGION", ""))
            self.has_own_certificates = bool(
                session.get_config_variable("ca_bundle") or os.environ.get("REQUESTS_CA_BUNDLE")
            )
            """Whether the store's certificate is checked against a file, which botocore reads and obstore does not."""
            self._credentials = session.get_credentials()
            self.is_unsigned = self._credentials is None
            region = session.get_config_variable("region") or "us-east-1"
            self.client: Any = session.create_client(
                "s3", region_name=region, config=_botocore_config(self.is_unsigned)
            )
        except (BotoCoreError, ValueError) as e:
            fix = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and look at AWS_ENDPOINT_URL"
            raise AccessError(f"the settings of AWS cannot be used; {fix} ({e})") from e
        self._sent = threading.local()
        self.client.meta.events.register("before-send.s3", self._remember)
        # By this name it comes before botocore's own handlers, of which one parses the whole answer, too.
        self.client.meta.events.register("before-parse.*.ListObjectsV2", pages.take_contents)

    def _remember(self, request: Any, **_: object) -> None:
        self._sent.request = request

    def address(self) -> Address:
        """Where the last request of this thread went."""
        request = self._sent.request
        signed = re.search(r"Credential=[^/]+/\d+/([^/]+)/", str(request.headers.get("Authorization", "")))
        return Address(request.url.partition("?")[0].rstrip("/"), signed[1] if signed else "us-east-1")

    def credentials(self) -> S3Credential:
        """The credentials as obstore takes them; it asks again soon, for botocore renews temporary ones."""
        frozen = self._credentials.get_frozen_credentials()
        return {
            "access_key_id": frozen.access_key,
            "secret_access_key": frozen.secret_key,
            "token": frozen.token,
            "expires_at": datetime.now(UTC) + timedelta(minutes=5, seconds=1),
        }


def new_session(settings: Store, region: str) -> botocore.session.Session:
    """A session of botocore. The access key of dwh.cfg and the region, if there are any, override the environment's.

    Raises:
        BotoCoreError: dwh.cfg has an access key without its secret, or a secret without its key.
    """
    session = botocore.session.get_session()
    if region:
        session.set_config_variable("region", region)
    if settings.key and settings.secret:
        session.set_credentials(settings.key, settings.secret)
    elif settings.key or settings.secret:
        missing = "SECRET" if settings.key else "KEY"
        raise PartialCredentialsError(provider="[AWS] of dwh.cfg", cred_var=missing)
    return session


def _botocore_config(is_unsigned: bool) -> Config:
    return Config(
        signature_version=UNSIGNED if is_unsigned else None,
        connect_timeout=CONNECT_TIMEOUT,
        read_timeout=READ_TIMEOUT,
        tcp_keepalive=True,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        max_pool_connections=READING_THREADS,
        # Other stores than AWS's know no checksums of this kind.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )


def obstore_client(account: Account, bucket: str, address: Address) -> S3Store:
    """The client that reads many small objects of a bucket."""
    return S3Store(
        bucket,
        aws_endpoint_url_s3=address.url,  # which goes before all addresses of the environment
        virtual_hosted_style_request=True,  # the address is the bucket's own
        region=address.region,
        skip_signature=account.is_unsigned,
        request_payer=not account.is_unsigned,
        credential_provider=None if account.is_unsigned else account.credentials,
        client_options={
            "allow_http": not address.is_encrypted,
            "timeout": "6 hours",
            "connect_timeout": timedelta(seconds=CONNECT_TIMEOUT),
            "read_timeout": timedelta(seconds=READ_TIMEOUT),
        },
        retry_config={"max_retries": ATTEMPTS - 1, "retry_timeout": timedelta(minutes=3)},
    )
