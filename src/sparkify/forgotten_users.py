"""The users who were forgotten: what a delivery brings of them is left out of the batch, inside its transaction.

The warehouse keeps a salted digest of each id, and never the id.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from sparkify import sql_queries
from sparkify.engines.clean_texts import clean
from sparkify.engines.engine import Engine
from sparkify.engines.staged import Rejected, Staged

STAGED_REJECTED = "staging_rejected_records"


@dataclass(frozen=True)
class Digests:
    """The digests of the forgotten users, and the salt with which they are made."""

    salt: str
    digests: frozenset[str]

    def has(self, user_id: str) -> bool:
        """Whether a user was forgotten, by the clean id."""
        digest = hashlib.md5(f"{self.salt}{user_id}".encode(errors="replace"), usedforsecurity=False).hexdigest()
        return digest in self.digests


def leave_out(engine: Engine, staged: Staged) -> int:
    """Take what the batch in hand holds of forgotten users out of the staging tables; how many events that were.

    At least one user must have been forgotten. It runs in the transaction that merges the batch, under the lock: a user
    who was forgotten since the batch was staged is left out too.
    """
    [statement] = sql_queries.statements("forget", "digests")
    rows = engine.query(statement)
    digests = Digests(rows[0][0], frozenset(digest for _, digest in rows))
    records = [without_texts(record, digests.has) for record in staged.rejected]
    if records != staged.rejected:
        engine.execute(f"delete from {STAGED_REJECTED}")
        engine.insert(STAGED_REJECTED, [record.values() for record in records])
    *before, last = sql_queries.statements("forget", "staged_events")
    for statement in before:
        engine.execute(statement)
    if events := engine.execute(last):
        engine.refresh_batch_views()
    return events


def without_texts(record: Rejected, is_forgotten: Callable[[str], bool]) -> Rejected:
    """A rejected record without its texts, if it may be one of a forgotten user.

    It is not one where its whole text is a JSON object that holds no forgotten id, under any key: a JSONPaths file may
    read the id from any. Where the text was cut or is no JSON, nobody can tell.
    """
    if not record.raw_text or _is_of_others(record.raw_text, is_forgotten):
        return record
    return replace(record, reason=record.own_reason, raw_text="")


def _is_of_others(text: str, is_forgotten: Callable[[str], bool]) -> bool:
    try:
        # Of a key that is there twice, both values count, and so objects become lists of their values.
        values = json.loads(text, object_pairs_hook=_values_of, parse_int=str, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        return False
    is_object = text.lstrip().startswith("{")
    return is_object and not any(is_forgotten(user_id) for value in _flat(values) for user_id in _ids(value))


def _values_of(pairs: Iterable[tuple[str, Any]]) -> list[Any]:
    return [value for _, value in pairs]


def _flat(values: Any) -> Iterator[Any]:
    """The values in lists of lists."""
    rest = [values]
    while rest:
        value = rest.pop()
        if isinstance(value, list):
            rest.extend(value)
        else:
            yield value


def _ids(value: str | bool | None) -> Iterator[str]:
    """The clean ids that an engine may make of a JSON value, whose number is text: Redshift 1e3, DuckDB 1000.0."""
    if value is None:
        return
    if isinstance(value, bool):
        yield "true" if value else "false"
        return
    yield clean(value)
    try:
        yield str(float(value))
    except ValueError:
        return
