"""An answer in portions, by a cursor of Redshift (DG declare): the driver reads a result whole before its first row.

Redshift keeps the answer of a cursor on the leader node, and limits how large it may be by the type of the nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from sparkify.engines.answer import Value

ROWS = 1000
"""Rows of a portion; a cluster of a single node gives no more at a time (DG fetch)."""


def declared(run: Callable[..., Any], sql: str, name: str) -> tuple[Any, Iterator[tuple[Value, ...]]]:
    """The driver's cursor after the first portion of an answer, and all rows; the others are read when they are needed.

    `run` does what `Connection.run` does, in the transaction in hand. `name` is new in the session: the driver takes
    the columns of a statement for those of the same text before it. A session may have one cursor of Redshift open: the
    next answer may be asked for when this one is read to its end.
    """
    # The driver's cursors are cycles of objects, which stay in memory for long; so one is used for all portions.
    cursor = run(f"declare {name} cursor for {sql}", {})

    def rows() -> Iterator[tuple[Value, ...]]:
        while portion := cursor.fetchall():
            yield from map(tuple, portion)
            if len(portion) < ROWS:
                break
            run(fetch, {}, cursor)
        run(f"close {name}", {}, cursor)

    fetch = f"fetch forward {ROWS} from {name}"
    return run(fetch, {}, cursor), rows()
