"""The records that were set aside: where they stand and what is wrong with them."""

from __future__ import annotations

import json

from sparkify import formats, history
from sparkify.engines import Engine, Rejected
from sparkify.progress import harmless
from sparkify.summary import counted


def listed(engine: Engine) -> list[Rejected]:
    """Every rejected record, by object and line."""
    return [Rejected(*row) for row in history.query(engine, "rejected")]


def as_text(records: list[Rejected], *, raw: bool) -> str:
    """A line for each record, with its text below it if `raw`, and how many there are."""
    if not records:
        return "no rejected records"
    lines = []
    for record in records:
        lines += [harmless(text) for text in (record.place_and_reason(), *([record.raw_text or ""] if raw else []))]
    objects = {record.object for record in records}
    fix = "repair the objects and load them with etl.py; `sparkify rejected --retry` loads them again as they are"
    return "\n".join([*lines, f"{counted(len(records), 'record')} in {counted(len(objects), 'object')}; {fix}"])


def as_json(records: list[Rejected]) -> str:
    """One JSON object; keys may be added, none changes its meaning within a version."""
    fields = ("object", "line", "column_name", "reason", "raw_text")
    found = [{name: getattr(record, name) for name in fields} for record in records]
    return json.dumps({"version": formats.JSON_VERSION, "records": found}, ensure_ascii=False)
