"""The user and the password of a login, which AWS Secrets Manager keeps and may change at any time."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sparkify.config import Store
from sparkify.errors import AccessError
from sparkify.store.s3.clients import new_session

FIXES = {
    "AccessDeniedException": "let the program's credentials call secretsmanager:GetSecretValue on it, and kms:Decrypt "
    "on its key if that is one of your own",
    "ResourceNotFoundException": "there is no such secret; check the ARN",
    "InvalidRequestException": "the secret is being deleted, or has no value yet; restore it, or name another",
    "DecryptionFailure": "it cannot be decrypted; look at its KMS key",
    "InvalidSignatureException": "the access key or its secret is wrong; check the credentials",
    "UnrecognizedClientException": "the access key or its secret is wrong; check the credentials",
    "ExpiredTokenException": "the temporary credentials have expired; renew them, as by `aws sso login`",
}
"""What to do, by the code of Secrets Manager's answer (API GetSecretValue)."""

OTHER_FIX = "check the credentials of AWS, and the network"


def read(arn: str, settings: Store) -> tuple[str, str]:
    """The user and the password in a secret, which is JSON as Redshift itself writes it for an administrator.

    The region is the one in the ARN, the credentials are those for S3.

    Raises:
        AccessError: the secret cannot be read, or holds no login.
    """
    try:
        client = new_session(settings, region=arn.split(":")[3]).create_client("secretsmanager")
        answer = client.get_secret_value(SecretId=arn)
    except ClientError as e:
        error = e.response["Error"]
        raise _unreadable(arn, FIXES.get(error["Code"], OTHER_FIX), error["Code"], error.get("Message", "")) from e
    except (BotoCoreError, ValueError) as e:
        raise _unreadable(arn, OTHER_FIX, type(e).__name__, str(e)) from e
    return _login(arn, answer.get("SecretString", ""))


def _unreadable(arn: str, fix: str, code: str, message: str) -> AccessError:
    return AccessError(f"[CLUSTER] DB_SECRET_ARN: the secret {arn} cannot be read; {fix} ({code}: {message})")


def _login(arn: str, text: str) -> tuple[str, str]:
    """The user and the password in the text of a secret, of which no message shows anything."""
    try:
        content: Any = json.loads(text)
    except ValueError:
        content = None
    match content:
        case {"username": str(user), "password": str(password)} if user and password:
            return user, password
        case _:
            fix = 'its value has to be JSON as {"username": "…", "password": "…"}; name the secret of a database user'
            raise AccessError(f"[CLUSTER] DB_SECRET_ARN: the secret {arn} holds no login; {fix}")
