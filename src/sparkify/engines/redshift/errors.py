"""What Redshift and its driver raise: which error of this program it is, and what to do about it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from sparkify import program
from sparkify.engines.engine import ConflictError
from sparkify.errors import AccessError, LoadError, SparkifyError

CONFLICT_STATES = ("40001", "40P01")
"""The SQLSTATEs of a serialization failure and of a deadlock."""

CONFLICT_CODES = ("1023",)
"""Redshift's code of a serializable isolation violation, whose SQLSTATE is XX000 (DG c_serial_isolation)."""

CONFLICT_MESSAGE = "could not complete because of conflict with concurrent transaction"
"""Another message of the same (github.com/aws/amazon-redshift-jdbc-driver/issues/147)."""

CONFLICT_FIX = "another transaction came between; run again when it is over"

FATAL = ("FATAL", "PANIC")
"""The severity of errors with which the server ends the connection."""

CANCELED = "57014"
"""The SQLSTATE of a statement that was cancelled, or took longer than statement_timeout."""

ABORTED_CODE = "1020"
"""Redshift's code of a statement that a rule of the cluster has ended, whose SQLSTATE is XX000 (PostHog/posthog, pull
request 64160, and metabase/metabase, issue 28136).
"""

TOO_LONG_FIX = (
    "Redshift ended the statement, which somebody cancelled, or which took longer than it may: raise "
    "statement_timeout, or max_query_execution_time of the workgroup, or lower [ETL] BATCH_SIZE"
)

USER_ERROR_SQLSTATES = ("22", "25", "42", "0A")
"""Classes of SQLSTATE of what is wrong with a statement itself: its values, its change of something, its words."""

LARGE_CURSOR = "exceeded the maximum size allowed for the total set of cursor data"
"""What Redshift says of an answer that is larger than a cursor may be (github.com/PostHog/posthog/pull/79500)."""

MISSING_TABLE = "42P01"
"""The SQLSTATE of a statement that names a table which is not there."""

STILL_USED = "2BP01"
"""The SQLSTATE of what cannot be dropped, because a view depends on it."""

NO_RIGHT = "42501"
"""The SQLSTATE of what the user may not do."""

UNREACHABLE = "check [CLUSTER] HOST and DB_PORT, that the cluster is not paused, and that its network lets you in"

ACCESS_FIXES_BY_STATE = {
    "28000": "check [CLUSTER] DB_USER and DB_PASSWORD",
    "3D000": "check [CLUSTER] DB_NAME",
    NO_RIGHT: "the user lacks a right: grant it, or let the owner of the tables run this",
}
"""What to do where something cannot be reached or opened, by SQLSTATE."""

ACCESS_FIXES_OF_S3 = {
    "not authorized to assume": "attach the role of [IAM_ROLE] ARN to the cluster, and let Redshift assume it",
    "requires full path of an S3 object": "let the role of [IAM_ROLE] ARN read what lies in [S3] WORK",
    "Access Denied": "let the role of [IAM_ROLE] ARN list and read what [S3] names, and write where an export goes",
    "different region": "set [S3] REGION to the region of the bucket",
    "NoSuch": "an object is gone since it was listed, or a bucket of [S3] is not there; check [S3], and run again",
    "S3 prefix": "the objects are gone since they were listed; check [S3], and run again",
}
"""The same, by what Redshift says of S3, which has no code of its own; the first that fits."""

LOGIN_FIXES = {
    "mismatch, certificate": "the certificate is of another host; check [CLUSTER] HOST, or, for a host that is reached "
    "through a tunnel, set [CLUSTER] SSLMODE = verify-ca, which leaves out the name",
    "certificate": "the host cannot prove that it is Redshift; check [CLUSTER] HOST, and the proxies on the way to it",
    "refuses SSL": "the host offers no TLS; check [CLUSTER] HOST and DB_PORT, or set [CLUSTER] SSLMODE = disable",
    "time out": UNREACHABLE,
    "communication": UNREACHABLE,
    "Unable to determine ip": "check [CLUSTER] HOST: there is no such name",
}
"""The same, by what the driver itself says; the first that fits."""

SHUT_DOWN = "57P"
"""The class of SQLSTATE with which a cluster ends connections: for maintenance, for a resize, by an administrator."""

DISK_FULL_STATE, DISK_FULL_CODE = "53100", "1016"


def translated(address: str, e: Exception, *, in_transaction: bool) -> SparkifyError:
    """The error of this program for one that Redshift raised."""
    text = words(e)
    if in_transaction and _is_conflict(e):
        return ConflictError(f"{address}: another transaction came between ({text})")
    if fix := access_fix(e):
        return AccessError(f"{address}: {fix} ({text})")
    return LoadError(f"{address}: {_load_fix(e) or 'report this if it stays'} ({text})")


def access_fix(e: BaseException) -> str:
    """What to do where something cannot be reached or opened; empty for any other error."""
    if not (state := field(e, "C")):
        return _first(LOGIN_FIXES, words(e))
    return ACCESS_FIXES_BY_STATE.get(state) or _first(ACCESS_FIXES_OF_S3, words(e))


def is_user_error(e: BaseException) -> bool:
    """Whether the fault lies in the text of a statement."""
    state = field(e, "C")
    return state.startswith(USER_ERROR_SQLSTATES) and state != NO_RIGHT


def field(e: BaseException | None, name: str) -> str:
    """A field of what the server says: C is the SQLSTATE, S the severity; empty for other faults."""
    answer = e.args[0] if e is not None and e.args else None
    return str(answer.get(name, "")) if isinstance(answer, dict) else ""


def words(e: BaseException) -> str:
    """What the server or the driver says, in one line."""
    text = f"{field(e, 'M')} {_detail(field(e, 'D'))}" if field(e, "M") else ": ".join(map(str, e.args))
    return " ".join(text.split())[:300] or type(e).__name__


def _detail(text: str) -> str:
    """The detail of a fault; of the block that Redshift gives, which repeats the message, only what it was about."""
    block = re.search(r"error:.*context:(.*?)(query|process):", text, re.DOTALL)
    return f"({block[1].strip()})" if block and block[1].strip() else "" if block else text


def _code(e: BaseException) -> str:
    """Redshift's own code of a fault, which is the whole message or a line of the detail; empty where it has none."""
    message, line = field(e, "M"), re.search(r"^\s*code: +(\d+)\s*$", field(e, "D"), re.MULTILINE)
    return message if message.isdecimal() else line[1] if line else ""


def _is_conflict(e: BaseException) -> bool:
    """Whether another transaction came between, so that this one may be run again."""
    return field(e, "C") in CONFLICT_STATES or _code(e) in CONFLICT_CODES or field(e, "M").strip() == CONFLICT_MESSAGE


def _load_fix(e: BaseException) -> str:
    if field(e, "C") == MISSING_TABLE:
        return f"a table is missing; run {program.command('create-tables')}"
    if field(e, "C").startswith(SHUT_DOWN):
        return "the cluster ended the connection; run again when it is there again"
    if field(e, "C") == STILL_USED:
        return "a view of yours depends on it: keep its text, drop it, run this again, and create it again"
    if field(e, "C") == DISK_FULL_STATE or _code(e) == DISK_FULL_CODE:
        return "make room in the cluster, or lower [ETL] BATCH_SIZE"
    if LARGE_CURSOR in words(e):
        return f"ask for fewer rows or columns, or write whole tables to S3 by {program.command('export')}"
    if _is_conflict(e):
        return CONFLICT_FIX
    if field(e, "C") == CANCELED or _code(e) == ABORTED_CODE:
        return TOO_LONG_FIX
    return "an object cannot be unpacked; deliver it again" if "decompress" in words(e) else ""


def _first(fixes: Mapping[str, str], text: str) -> str:
    return next((fix for sign, fix in fixes.items() if sign in text), "")
