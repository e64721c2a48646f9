"""When the events of a batch happened, which bounds what its merge and its checks read of the facts and of `time`.

One range from the first event to the last would be wide where a late log, or a device whose clock is wrong, is among
the events of a day. So an extent is a few ranges, with the widest gaps between them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from sparkify.engines.answer import Rows, Value
from sparkify.engines.engine import Engine

BOUND = re.compile(r"([\w.]+) between \$first_event and \$last_event")
"""Where a statement is bound, from the first event of the batch to the last one."""


class Range(NamedTuple):
    """From a first to a last moment, both included."""

    first: datetime
    last: datetime


@dataclass(frozen=True)
class Extent:
    """The ranges in which the events of a batch lie, in order: at least one, and a statement names all."""

    ranges: tuple[Range, ...]

    def query(self, engine: Engine, sql: str) -> Rows:
        """The rows of a statement that is bound by the extent."""
        return engine.query(self._bound(sql), self._values())

    def execute(self, engine: Engine, sql: str) -> int:
        """Run a statement that is bound by the extent; how many rows it wrote."""
        return engine.execute(self._bound(sql), self._values())

    def _bound(self, sql: str) -> str:
        """The statement; where there are several ranges, what is bound lies in one of them, too.

        What bounds it already stays: whether Redshift skips blocks by `or` is not documented.
        """
        if len(self.ranges) == 1:
            return sql
        ranges = " or ".join(rf"\1 between $first_event_{n} and $last_event_{n}" for n in range(len(self.ranges)))
        return BOUND.sub(rf"(\g<0> and ({ranges}))", sql)

    def _values(self) -> dict[str, Value]:
        values: dict[str, Value] = {"first_event": self.ranges[0].first, "last_event": self.ranges[-1].last}
        for n, each in enumerate(self.ranges):
            values |= {f"first_event_{n}": each.first, f"last_event_{n}": each.last}
        return values


NEVER = Extent((Range(datetime(1970, 1, 1), datetime(1970, 1, 1)),))
"""The extent of a batch without events."""

ALL_TIME = Extent((Range(datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999999)),))
"""The extent that leaves nothing out."""


def between(first: datetime, last: datetime, gaps: Iterable[tuple[datetime, datetime]]) -> Extent:
    """The extent of events from a first to a last moment, with gaps, each from the event before to the one after."""
    edges = [first, *(moment for gap in sorted(gaps) for moment in gap), last]
    return Extent(tuple(map(Range, edges[::2], edges[1::2])))
