"""Statements that a client has prepared."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field

from redshift_stand_in.gate import Statement
from redshift_stand_in.wire import NUMERIC, Column

NUMBERS = (20, 21, 23, 700, 701, NUMERIC)
"""The types of numbers (pg_type.oid)."""


@dataclass
class Prepared:
    """A statement that the client has prepared."""

    text: str
    statement: Statement
    types: bytes
    columns: list[Column] = field(default_factory=list)

    @property
    def has_bound_row_count(self) -> bool:
        """Whether the client binds a number in LIMIT or OFFSET."""
        count, *types = struct.unpack(f"!h{(len(self.types) - 2) // 4}i", self.types)
        return any(types[number - 1] in NUMBERS for number in self.statement.row_counts if number <= count)

    @property
    def is_local(self) -> bool:
        """Whether the stand-in runs it, and PostgreSQL never sees it."""
        return self.statement.command in ("copy", "unload", "vacuum", "nothing")
