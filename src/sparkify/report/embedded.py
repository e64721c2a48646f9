"""The data of a figure in the page, for page.js: the exact rows of its answer, for CSV files, and its charts."""

from __future__ import annotations

import json
import math
import zlib
from base64 import b64encode
from collections.abc import Sequence

from markupsafe import Markup

from sparkify import formats
from sparkify.engines.answer import Value
from sparkify.report.answers import AnsweredQuestion
from sparkify.report.drawings import Drawing, Spec

GREATEST_INTEGER = 2**53 - 1
"""Up to which JavaScript's numbers hold every integer."""


def compact_json(content: object) -> Markup:
    """JSON that is safe inside a script element, whatever its texts hold."""
    text = _json(content)
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))


def packed_json(content: object) -> str:
    """JSON, compressed (zlib) and in Base64: rows of answers take a sixth of their text."""
    return b64encode(zlib.compress(_json(content).encode())).decode()


def data(answer: AnsweredQuestion, drawing: Drawing | None, sentence: str) -> str | None:
    """The rows of an answer and its charts, each with the text that a screen reader reads for it, as packed JSON.

    None without rows. Of an answer that is not complete, only the rows that charts show are there. `drawn` holds the
    rows of charts that show others.
    """
    shows_answer = drawing is not None and drawing.shows_answer
    has_rows = answer.is_complete or shows_answer
    if not answer.rows or not (has_rows or drawing):
        return None
    content: dict[str, object] = {
        "columns": answer.columns,
        "rows": _exact_rows(answer.rows) if has_rows else [],
        "isComplete": answer.is_complete,
        "specs": _described(drawing, answer.question.title, sentence) if drawing else [],
    }
    if drawing and not shows_answer:
        content["drawn"] = {"columns": drawing.columns, "rows": _exact_rows(drawing.rows)}
    return packed_json(content)


def _described(drawing: Drawing, title: str, sentence: str) -> list[Spec]:
    return [
        {"description": " ".join(part for part in (caption and f"{caption}.", title, sentence) if part), **spec}
        for caption, spec in zip(drawing.captions, drawing.specs, strict=True)
    ]


def _exact_rows(rows: Sequence[Sequence[Value]]) -> list[list[Value]]:
    return [[exact(value) for value in row] for row in rows]


def exact(value: Value) -> Value:
    """A value in a type of JSON; one that JavaScript has no number for is the text that CSV files have."""
    if isinstance(value, int):
        return value if abs(value) <= GREATEST_INTEGER else str(value)
    if value is None or isinstance(value, str) or (isinstance(value, float) and math.isfinite(value)):
        return value
    return formats.text(value)


def _json(content: object) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
