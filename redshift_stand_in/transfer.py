"""What COPY and UNLOAD share: the session that runs them, and what it remembers of the last one."""

from __future__ import annotations

from dataclasses import dataclass

from redshift_stand_in.cluster import Cluster
from redshift_stand_in.wire import Postgres


@dataclass(frozen=True)
class Context:
    """The session that runs a statement, and the statement's number."""

    cluster: Cluster
    postgres: Postgres
    session_id: int
    database: str
    query_id: int


@dataclass(frozen=True)
class Outcome:
    """What PG_LAST_COPY_ID and PG_LAST_COPY_COUNT return, or the same of UNLOAD."""

    query_id: int
    rows: int
