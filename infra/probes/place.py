"""Where the probes are made: sessions in a schema of their own that holds a loaded sample, and a prefix in S3."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass

from redshift_connector.error import ProgrammingError

from sparkify import sql_queries
from sparkify.config import Cluster, Config
from sparkify.engines.answer import Rows
from sparkify.engines.redshift.engine import Redshift
from sparkify.engines.redshift.errors import field, words
from sparkify.progress import Progress
from sparkify.store.s3.prefix import S3Prefix

LONGEST_WAIT = 60.0
"""Seconds that are waited for what may come late."""


@dataclass(frozen=True)
class Place:
    """The configuration, where the cluster is, and a prefix that the role may read and the client write."""

    settings: Config
    cluster: Cluster
    store: S3Prefix
    progress: Progress

    @contextmanager
    def session(self) -> Iterator[Redshift]:
        """A session of its own."""
        with closing(Redshift(self.settings, self.cluster, self.progress)) as session:
            yield session

    @contextmanager
    def session_with_table(self) -> Iterator[Redshift]:
        """A session with an empty temporary table `probe` of a text and a number."""
        with self.session() as session:
            session.execute("create temporary table probe (a varchar(100), n bigint)")
            yield session

    def put(self, name: str, lines: Sequence[str], end: str = "\n") -> str:
        """Write a file of lines below the prefix; its address."""
        return self.store.put(f"probes/{name}", ("\n".join(lines) + end).encode())

    def copy_statement(self, session: Redshift, url: str, *options: str) -> str:
        """The COPY of a file into `probe`."""
        region = session.stores.region(url)
        return "\n".join(
            [
                f"copy probe (a, n) from {sql_queries.literal(url)}",
                f"iam_role {sql_queries.literal(self.cluster.role)}",
                "json 'auto'",
                *([f"region {sql_queries.literal(region)}"] if region else []),
                *options,
            ]
        )


def refusal(session: Redshift, sql: str) -> tuple[float, str]:
    """How long a statement took, and with what Redshift refused it: SQLSTATE and words, empty if it did not."""
    started, refused = time.monotonic(), ""
    try:
        session.run_untranslated(sql, {})
    except ProgrammingError as e:
        refused = f"{field(e, 'C')} {words(e)}"
    return time.monotonic() - started, refused


def awaited(ask: Callable[[], Rows], wanted: int) -> tuple[float, Rows]:
    """The rows of a view when it shows as many as are wanted, or when it has had its time; and how long that took."""
    started = time.monotonic()
    while len(rows := ask()) < wanted and time.monotonic() - started < LONGEST_WAIT:
        time.sleep(0.1)
    return time.monotonic() - started, rows


def number_rows(session: Redshift, doublings: int) -> int:
    """Make a temporary table `numbers` of two to that power of rows; how many."""
    session.execute("create temporary table numbers (a bigint)")
    session.execute("insert into numbers values (1)")
    for _ in range(doublings):
        session.execute("insert into numbers select a + 1 from numbers")
    return 1 << doublings
