"""An answer in portions, by a cursor of Redshift (DG declare): the driver reads a result whole before its first row.

Redshift keeps the answer of a cursor on the leader node, and limits how large it may be by the type of the nodes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from sparkify.engines.answer import Value

ROWS = 1000
"""Rows of a portion; a cluster of a single node gives no more at a time (DG fetch)."""

_numbers = count(1)
"""Of the cursors: the driver takes the columns of a statement for those of the same text before it."""


def declared(sql: str, run: Callable[[str], Any]) -> tuple[Any, Iterator[tuple[Value, ...]]]:
    """The driver's cursor after the first portion of an answer, and all rows; the others are read when they are needed.

    `run` runs a statement in the transaction in hand. A session may have one cursor open: the next answer may be asked
    for when this one is read to its end.
    """
    name = f"sparkify_answer_{next(_numbers)}"
    run(f"declare {name} cursor for {sql}")
    first = run(f"fetch forward {ROWS} from {name}")
    return first, _rows(name, first, run)


def _rows(name: str, portion: Any, run: Callable[[str], Any]) -> Iterator[tuple[Value, ...]]:
    while rows := portion.fetchall():
        yield from map(tuple, rows)
        if len(rows) < ROWS:
            break
        portion = run(f"fetch forward {ROWS} from {name}")
    run(f"close {name}")
