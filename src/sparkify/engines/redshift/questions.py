"""Which statements of a person Redshift may run: one that only reads, judged by its keywords.

A transaction that is read only refuses changes of tables, and still lets a statement write to S3 (UNLOAD), end other
sessions, change settings and call procedures. So a question is allowed by its kind, and not refused by a list.
"""

from __future__ import annotations

import re

from sparkify import sql_queries

KINDS = ("select", "with", "show")
"""The first words of the statements that read; `explain` goes before one of the first two."""

EXPLAIN = re.compile(r"explain\b(\s+verbose\b)?[\s(]*(\w*)", re.IGNORECASE)

SELECT = re.compile(r"[\s(]*(select|with)\b", re.IGNORECASE)
"""How a query begins."""

WRITES = re.compile(
    r"(?<![^\W\d])(into)\b|[()](?:\s|\()*(insert|update|delete|merge)\b"
    r"|(?<![^\W\d])(for\s+(?:no\s+key\s+|key\s+)?(?:update|share))\b",
    re.IGNORECASE,
)
"""What makes a SELECT write or lock; a number may end directly before such a word."""

ESCAPED_NAME = re.compile(r"\bu&\s*\"", re.IGNORECASE)
"""A name with escapes, which could hide a function."""

NESTED_COMMENT = re.compile(r"/\*(?:(?!\*/).)*/\*", re.DOTALL)
"""A comment within a comment, which ends elsewhere where comments do not nest."""

CALLED = re.compile(r'(?:"((?:[^"]|"")*)"|([^\W\d][\w$]*))\s*\(')
"""The name of a function that is called, with or without quotes."""

READING_SYSTEM_FUNCTIONS = re.compile(
    r"pg_get_\w+|pg_\w+_is_visible|pg_backend_pid|pg_typeof|pg_size_pretty|pg_\w+_size"
    r"|pg_last_(copy|query|unload)_(id|count)|pg_client_encoding"
)
"""Of the functions of the system, whose names begin with `pg_`, those that only tell something."""

ACTING_FUNCTIONS = re.compile(
    r"set_config|setval|nextval|lo_\w+|lowrite|loread|dblink\w*|xp_\w+|(query|table|cursor|schema|database)_to_xml\w*|txid_current"
    r"|ts_stat"
)
"""The other functions that change a setting or a sequence, write, or run a text as another statement."""

READS_ONLY = "a question only reads: ask with `select`, `with`, `show` or `explain`; `sparkify export` writes files"


def is_select(sql: str) -> bool:
    """Whether a statement that may run is a query, of which a cursor gives the rows."""
    return SELECT.match(sql_queries.code(sql, backslashes=True)) is not None


def why_refused(sql: str) -> str:
    """Why a text is not one statement that only reads; empty if it is.

    It must be one whether a backslash escapes in a text, as in Redshift, or does not.
    """
    return _why_refused(sql, backslashes=True) or _why_refused(sql, backslashes=False)


def _why_refused(sql: str, *, backslashes: bool) -> str:
    code = sql_queries.code(sql, backslashes=backslashes).strip().rstrip("; \t\r\n\f\v")
    if not code:
        return "there is no statement to answer; ask with `select`"
    if ";" in code:
        return "there is more than one statement; ask one at a time"
    if (kind := _kind(code)) not in KINDS:
        return f"{READS_ONLY}, and this begins with {kind}" if kind else READS_ONLY
    if match := WRITES.search(code):
        return f"{READS_ONLY}; it contains {next(filter(None, match.groups())).lower()}"
    with_names = sql_queries.code(sql, backslashes=backslashes, names=True)
    if ESCAPED_NAME.search(with_names) or NESTED_COMMENT.search(sql):
        return "a question may hold no name with escapes (u&), and no comment within a comment"
    names = [(quoted.replace('""', '"') or plain).lower() for quoted, plain in CALLED.findall(with_names)]
    acting = [name for name in names if _acts(name)]
    return f"a question may not call {acting[0]}: it does more than read" if acting else ""


def _kind(code: str) -> str:
    """The first word of a statement; of one that is explained, its own, for EXPLAIN ANALYZE runs it."""
    text = code.lstrip("( \t\r\n\f\v")
    if explain := EXPLAIN.match(text):
        return explain[2].lower() if explain[2].lower() in ("select", "with") else f"explain {explain[2]}".strip()
    return word[0].lower() if (word := re.match(r"\w+", text)) else ""


def _acts(name: str) -> bool:
    if name.startswith("pg_"):
        return not READING_SYSTEM_FUNCTIONS.fullmatch(name)
    return ACTING_FUNCTIONS.fullmatch(name) is not None
