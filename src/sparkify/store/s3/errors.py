"""The answers of S3 and the errors of its clients when something fails, and what to do about each."""

from __future__ import annotations

import re
from dataclasses import dataclass

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError
from obstore.exceptions import BaseError as ObstoreError

from sparkify.errors import AccessError

CLIENT_ERRORS = (ClientError, BotoCoreError, ResponseParserError, ObstoreError, OSError)
"""Everything that botocore and obstore raise when a request fails."""

IS_NOT_THERE = (
    "is not there; check the bucket's name in [S3] and [S3] LOG_JSONPATH, or run again if it was listed a moment ago"
)
DENIED = "access denied; check the credentials, and that they may list the bucket and read its objects"
WRONG_KEYS = "access denied; check the credentials: the access key or its secret is wrong"
EXPIRED = "access denied; the temporary credentials have expired: renew them, as by `aws sso login`, and run again"
WRONG_REGION = "lies in another region; set [S3] REGION to the bucket's region"
BUSY = "the store cannot be used now; run again later"
UNUSABLE = "the store cannot be used; check the bucket's name, [S3] REGION, AWS_ENDPOINT_URL and the network"

FIXES = {
    "NoSuchBucket": IS_NOT_THERE,
    "NoSuchKey": IS_NOT_THERE,
    "NotFound": IS_NOT_THERE,
    "AccessDenied": DENIED,
    "Forbidden": DENIED,
    "AllAccessDisabled": "access denied; the bucket is disabled: ask its owner",
    "AccountProblem": "access denied; there is a problem with the AWS account: ask AWS Support",
    "InvalidPayer": "access denied; AWS has disabled access for this account: ask AWS Support",
    "NotSignedUp": "access denied; the AWS account is not signed up for S3",
    "InvalidAccessKeyId": WRONG_KEYS,
    "SignatureDoesNotMatch": WRONG_KEYS,
    "InvalidToken": WRONG_KEYS,
    "ExpiredToken": EXPIRED,
    "ExpiredTokenException": EXPIRED,
    "TokenRefreshRequired": EXPIRED,
    "RequestExpired": "access denied; set this machine's clock, or renew the temporary credentials",
    "RequestTimeTooSkewed": "access denied; this machine's clock is wrong: set it, as by NTP",
    "InvalidObjectState": "is archived (Glacier): restore it in S3, or let it leave the prefix, and run again",
    "PermanentRedirect": WRONG_REGION,
    "AuthorizationHeaderMalformed": WRONG_REGION,
    "IllegalLocationConstraintException": WRONG_REGION,
    "InvalidBucketName": "no bucket can have this name; set [S3] to s3://bucket/prefix",
    "KMS.DisabledException": "its KMS key is disabled: enable the key, or encrypt the object with another",
    "KMS.NotFoundException": "its KMS key is gone: the object cannot be read any more; deliver it again",
    "KMS.KMSInvalidStateException": "its KMS key cannot be used now: look at the key",
    "SlowDown": BUSY,
    "ServiceUnavailable": BUSY,
    "InternalError": BUSY,
    "RequestTimeout": BUSY,
    "MethodNotAllowed": "was deleted (its latest version is a delete marker); run again",
}
"""What is wrong and what to do, by the code of S3's answer (docs.aws.amazon.com, AmazonS3 API ErrorResponses)."""

OF_ONE_OBJECT = ("InvalidObjectState", *(code for code in FIXES if code.startswith("KMS.")))
"""Codes that say that nobody can read an object, while others may be read."""

BY_STATUS = {"301": WRONG_REGION, "401": DENIED, "403": DENIED, "404": IS_NOT_THERE, "503": UNUSABLE}
"""The same for an answer without a known code, by its HTTP status."""

SHOWN = 300
"""Characters of a message that are shown."""


@dataclass(frozen=True)
class S3Answer:
    """An answer that refuses: HTTP status, S3's code and message; each is empty where it is not known."""

    status: str
    code: str
    message: str


def explained(name: str, e: Exception, *, is_unsigned: bool = False) -> AccessError:
    """The error of a request for an object or a bucket: what is wrong, what to do, and S3's answer."""
    answer = _answer(e)
    text = FIXES.get(answer.code) or BY_STATUS.get(answer.status) or UNUSABLE
    if is_unsigned and answer.status in ("401", "403"):
        text = (
            "access denied; no AWS credentials were found, so it was read unsigned, and it is not public: set "
            "AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        )
    shown = ": ".join(filter(None, [" ".join(filter(None, [answer.status, answer.code])), answer.message]))
    return AccessError(f"{name}: {text} ({shown})", object=name)


def is_of_one_object(e: Exception) -> bool:
    """Whether S3 refuses one object to everybody, and not all objects to this account."""
    return _answer(e).code in OF_ONE_OBJECT


def _answer(e: Exception) -> S3Answer:
    if isinstance(e, ClientError):
        error, status = e.response.get("Error", {}), e.response.get("ResponseMetadata", {}).get("HTTPStatusCode", "")
        code = "" if error.get("Code", "").isdecimal() else error.get("Code", "")
        return S3Answer(str(status), code, _one_line(error.get("Message", "")))
    return _obstore_answer(str(e) or type(e).__name__)


def _obstore_answer(text: str) -> S3Answer:
    """Obstore puts the status and the body of an answer into its text, and offers them in no other way."""
    status = re.search(r"(?:status code: |Server returned non-2xx status code: )(\d{3})", text)
    code = re.search(r"<Code>(.*?)</Code>", text, re.DOTALL)
    message = re.search(r"<Message>(.*?)</Message>", text, re.DOTALL)
    rest = text.partition(": <")[0].partition("\n")[0]
    return S3Answer(
        status[1] if status else "", _one_line(code[1]) if code else "", _one_line(message[1] if message else rest)
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())[:SHOWN]
