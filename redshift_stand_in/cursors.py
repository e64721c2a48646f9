"""The one cursor that a session may have open, in a transaction (DG declare, fetch, close).

The grammar has no more than those pages: a cursor moves forward only, and ends with its transaction. Of FETCH the
stand-in takes what a cluster of a single node takes.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlfluff.core.parser import BaseSegment

from redshift_stand_in.syntax import below, unsupported, words
from redshift_stand_in.wire import SqlError

MOST_ROWS = 1000
"""Rows that a FETCH may take on a cluster of a single node (DG fetch)."""


def refuse_values(segment: BaseSegment) -> None:
    """No page says that the query of a cursor may hold bound values."""
    if any(below(segment, "dollar_numeric_literal")):
        raise unsupported("the stand-in takes no bound values in the query of a cursor")


def refuse_many_rows(segment: BaseSegment) -> None:
    """DG fetch; the words are those of github.com/microsoft/vscode-postgresql/issues/91."""
    if " all " in words(segment):
        raise unsupported("FETCH ALL is not supported for a single node configuration")
    for count in below(segment, "numeric_literal"):
        if int(count.raw) > MOST_ROWS:
            text = f"Fetch size {count.raw} exceeds the limit of {MOST_ROWS} for a single node configuration. "
            raise SqlError(
                "XX000", f"{text}Reduce the client fetch/cache size or upgrade to a multi node installation."
            )


class Cursors:
    """Knows whether the session has a cursor open."""

    def __init__(self) -> None:
        self._name = ""

    def require(self, command: str, *, in_transaction: bool) -> None:
        """Make sure that a statement may run now.

        Raises:
            SqlError: it is outside of a transaction, or declares a second cursor.
        """
        if command == "declare" and not in_transaction:
            raise SqlError("25P01", "DECLARE CURSOR may only be used in transaction blocks")
        if command == "declare" and self._name:
            # github.com/sqlalchemy-redshift/sqlalchemy-redshift/issues/317
            message = "opening multiple cursors from within the same client connection is not allowed."
            raise SqlError("24000", message)
        if command == "fetch" and not in_transaction:
            # github.com/awslabs/amazon-redshift-utils/issues/545
            raise SqlError("XX000", "cursors can only be used within the transaction that created them.")

    def note(self, command: str, tokens: Sequence[str]) -> None:
        """Note that a statement has run."""
        if command == "declare":
            self._name = tokens[1].lower()
        elif command == "close":
            self._name = ""

    def forget(self) -> None:
        """Note that the transaction has ended, and the cursor with it (DG close)."""
        self._name = ""
