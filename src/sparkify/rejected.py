"""The records that were set aside: where they stand and what is wrong with them."""

from __future__ import annotations

from typing import Any

from sparkify import history
from sparkify.engines.engine import Engine
from sparkify.engines.staged import Rejected
from sparkify.words import counted


def listed(engine: Engine) -> list[Rejected]:
    """Every rejected record, by object and line."""
    return [Rejected(*row) for row in history.query(engine, "rejected")]


def lines(records: list[Rejected], *, raw: bool) -> list[str]:
    """A line for each record, with its text below it if `raw`, and how many there are."""
    if not records:
        return ["no rejected records"]
    shown = []
    for record in records:
        shown += [record.place_and_reason(), *([record.raw_text or ""] if raw else [])]
    objects = {record.object for record in records}
    fix = "repair the objects and load them with etl.py; `sparkify rejected --retry` loads them again as they are"
    return [*shown, f"{counted(len(records), 'record')} in {counted(len(objects), 'object')}; {fix}"]


def fields(records: list[Rejected]) -> dict[str, Any]:
    """The fields of the JSON object; more may be added, none changes its meaning within a version."""
    names = ("object", "line", "column_name", "reason", "raw_text")
    return {"records": [{name: getattr(record, name) for name in names} for record in records]}
