"""The locks by which Redshift lets one transaction at a time write a table (DG c_write_readwrite)."""

from __future__ import annotations

from redshift_stand_in.error_words import no_table, read_only
from redshift_stand_in.gate import Statement
from redshift_stand_in.wire import Postgres, SqlError

REDEFINING = frozenset({"create table", "create table as", "alter table", "drop table"})
"""Commands after which a name may mean another table: a temporary table hides the permanent one of its name."""


class TableLocks:
    """The locks of one session."""

    def __init__(self, postgres: Postgres) -> None:
        self._postgres = postgres
        self._names: set[str] = set()
        """The tables that this transaction has locked, by the names in its statements."""

    def take(self, statement: Statement) -> None:
        """Lock the table that a statement writes, if it runs in a transaction.

        Raises:
            SqlError: the transaction only reads, or there is no such table.
        """
        table = statement.written
        if table and self._postgres.status == b"T" and table not in self._names:
            if self._postgres.query("show transaction_read_only") == [["on"]]:
                raise read_only()
            try:
                self._postgres.query(f"lock table {table} in share row exclusive mode")
            except SqlError as e:
                if statement.command == "copy" and e.fields["C"] == "42P01":
                    raise no_table(table) from e
                raise
            self._names.add(table)

    def forget(self) -> None:
        """Forget the names, after the transaction or a statement that redefines one; a lock may be taken twice."""
        self._names.clear()
