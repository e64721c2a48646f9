"""Copy objects into a staging table, and note the records that COPY refuses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeAlias

from sparkify import sql_queries
from sparkify.engines.engine import CarefulReadingNeededError, Source
from sparkify.engines.redshift.connection import Connection
from sparkify.engines.redshift.copy import TooManyRefusedError, copy
from sparkify.engines.redshift.load_errors import CopyError, copy_errors, errors_of_failed_copy, newest_query
from sparkify.engines.redshift.regions import jsonpaths_near
from sparkify.engines.redshift.work import Work
from sparkify.engines.staged import WORDS_OF_ENGINE, Staged
from sparkify.errors import AccessError, BadRecordsError, CheckError
from sparkify.plan import Kind
from sparkify.records.boundaries import line_at
from sparkify.records.compression import PackError, unpack
from sparkify.store import StoredObject

AGAIN = "run again, and report this if it stays"

BAD_LINES = "some records are bad, and lines may hold more or less than one"

Origin: TypeAlias = tuple[str, int, StoredObject | None]
"""Where a refused record lies: the name of its object, its line there, and the object itself if it can be read."""


class Loader:
    """Copies the objects of one batch."""

    def __init__(self, connection: Connection, work: Work | None, source: Source, staged: Staged) -> None:
        self.connection = connection
        self.work = work
        self.source = source
        self.staged = staged
        self._newest_error: int | None = None
        """The newest query of this session whose errors are known; None before that was asked for."""

    def copy(
        self,
        kind: Kind,
        columns: Sequence[str],
        url: str,
        packed: str,
        is_copied: Callable[[str], bool],
        origin: Callable[[CopyError], Origin],
        *,
        is_manifest: bool = False,
        is_quick: bool = False,
    ) -> tuple[int, int]:
        """COPY into the staging table of a kind; how many records were loaded, and how many were refused.

        `is_copied` knows the objects by their reported names.

        Raises:
            BadRecordsError: more records are bad than are allowed.
            CarefulReadingNeededError: it `is_quick`, and a record is bad.
            CheckError: what COPY says and what the view explains do not agree.
        """
        self.staged.require_few_bad_records()
        left = self.staged.limit.left - len(self.staged.rejected)
        table = sql_queries.STAGING[kind]
        mapping = jsonpaths_near(self.connection, self.work, url) if kind == "events" else "auto"
        if not is_quick and self._newest_error is None:
            self._newest_error = newest_query(self.connection)
        try:
            copied = copy(self.connection, table, columns, url, mapping, packed, most_bad=left, is_manifest=is_manifest)
        except TooManyRefusedError as e:
            if is_quick:
                raise CarefulReadingNeededError(BAD_LINES) from e
            errors = errors_of_failed_copy(self.connection, self._newest_error or 0, is_copied, left + 1)
            if not errors:
                raise
            self._reject(kind, errors, origin)
            self.staged.require_few_bad_records()
            text = "COPY refused more records than [ETL] MAX_ERRORS allows, and did not log them all"
            raise BadRecordsError(text) from e
        if is_quick and copied.refused:
            raise CarefulReadingNeededError(BAD_LINES)
        errors = copy_errors(self.connection, copied.refused) if left else []
        if errors:
            self._newest_error = newest_query(self.connection)
        if len(errors) != copied.refused:
            said = f"COPY says that it loaded {copied.loaded:,} records and refused {copied.refused:,}"
            raise CheckError(f"{table}: {said}; sys_load_error_detail explains {len(errors):,}: {AGAIN}")
        self._reject(kind, errors, origin)
        return copied.loaded, len(errors)

    def _reject(self, kind: Kind, errors: Sequence[CopyError], origin: Callable[[CopyError], Origin]) -> None:
        """Note records that COPY refused, with the reasons that DuckDB's staging gives."""
        for error in errors:
            name, line, item = origin(error)
            file = item.name if item else error.file
            where = f" in {file}" if file != name else ""
            reason = f"{error.reason(sql_queries.STAGING[kind])}{where}{WORDS_OF_ENGINE}{error.message})"
            self.staged.reject(name, line, f"{error.column}: {reason}", self._text(kind, item, line))

    def _text(self, kind: Kind, item: StoredObject | None, line: int) -> bytes:
        if item:
            with suppress(AccessError, PackError):
                return line_at(unpack(item.path, self.source.stores[kind].pieces(item), item.size), line)
        return b""
