"""Copy objects into a staging table, and note the records that COPY refuses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeAlias

from sparkify import sql_queries
from sparkify.engines.engine import CarefulReadingNeededError, Source
from sparkify.engines.redshift.connection import Connection
from sparkify.engines.redshift.copy import TooManyCopyErrors, copy
from sparkify.engines.redshift.load_errors import CopyError, copy_errors
from sparkify.engines.staged import Staged
from sparkify.errors import AccessError, BadRecordsError
from sparkify.plan import Kind
from sparkify.records.boundaries import line_at
from sparkify.records.compression import PackError, unpack
from sparkify.store import StoredObject

Origin: TypeAlias = tuple[str, int, StoredObject | None]
"""Where a refused record lies: the name of its object, its line there, and the object itself if it can be read."""


class Loader:
    """Copies the objects of one batch."""

    def __init__(self, connection: Connection, source: Source, staged: Staged) -> None:
        self.connection = connection
        self.source = source
        self.staged = staged

    def copy(
        self,
        kind: Kind,
        columns: Sequence[str],
        url: str,
        packed: str,
        origin: Callable[[CopyError], Origin],
        *,
        is_manifest: bool = False,
        is_quick: bool = False,
    ) -> tuple[int, int]:
        """COPY into the staging table of a kind; how many rows it added, and how many records it refused.

        Raises:
            BadRecordsError: more records are bad than are allowed.
            CarefulReadingNeededError: it `is_quick`, and a record is bad.
        """
        self.staged.require_few_bad_records()
        left = self.staged.limit.left - len(self.staged.rejected)
        table = sql_queries.STAGING[kind]
        mapping = self.connection.config.store.log_jsonpath if kind == "events" else "auto"
        try:
            count = copy(self.connection, table, columns, url, mapping, packed, most_bad=left, is_manifest=is_manifest)
            errors = copy_errors(self.connection) if left else []
        except TooManyCopyErrors as e:
            if not is_quick:
                self._reject(kind, e.errors, origin)
                self.staged.require_few_bad_records()
                text = "COPY refused more records than [ETL] MAX_ERRORS allows, and did not log them all"
                raise BadRecordsError(text) from e
            count, errors = 0, e.errors
        if is_quick and errors:
            raise CarefulReadingNeededError("some records are bad, and lines may hold more or less than one")
        self._reject(kind, errors, origin)
        return count, len(errors)

    def _reject(self, kind: Kind, errors: Sequence[CopyError], origin: Callable[[CopyError], Origin]) -> None:
        """Note records that COPY refused, with the reasons that DuckDB's staging gives."""
        for error in errors:
            name, line, item = origin(error)
            file = item.name if item else error.file
            where = f" in {file}" if file != name else ""
            reason = f"{error.reason(sql_queries.STAGING[kind])}{where} (COPY says: {error.message})"
            self.staged.reject(name, line, f"{error.column}: {reason}", self._text(kind, item, line))

    def _text(self, kind: Kind, item: StoredObject | None, line: int) -> bytes:
        if item:
            with suppress(AccessError, PackError):
                return line_at(unpack(item.path, self.source.stores[kind].pieces(item), item.size), line)
        return b""
