"""The values of a record as the columns of a table take them.

The rules are those of the page copy-parameters-data-conversion of the Database Developer Guide, the codes those of
r_Load_Error_Reference. Where the pages are silent the stricter reading is taken; README.md lists these choices.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from redshift_stand_in.json_paths import Path, value_at
from redshift_stand_in.records import Number, RecordError, not_utf8

INTEGERS = {"int2": ("Short", 16), "int4": ("Integer", 32), "int8": ("Long", 64)}
"""Redshift's name of a type in errors, and its bits, by PostgreSQL's name."""

FLOATS = {"float4": "Float", "float8": "Double"}


@dataclass(frozen=True)
class Column:
    """A column that COPY fills. `type` is PostgreSQL's name; `max_bytes` is the limit of a text, else None."""

    name: str
    type: str
    max_bytes: int | None = None
    is_required: bool = False


@dataclass(frozen=True)
class Options:
    """The conversions that a COPY asks for."""

    timeformat: str = ""
    truncatecolumns: bool = False
    blanksasnull: bool = False
    emptyasnull: bool = False


class ColumnError(Exception):
    """A column that does not take the value of a record."""

    def __init__(self, column: Column, error: RecordError) -> None:
        super().__init__(f"{column.name}: {error}")
        self.column = column
        self.error = error


def row(value: Any, columns: Sequence[Column], paths: Sequence[Path], options: Options) -> list[str | None]:
    """The row of a record, in the order of the columns, as `converted` gives each value.

    Raises:
        ColumnError: a column does not take its value.
    """
    texts = []
    for column, path in zip(columns, paths, strict=True):
        try:
            texts.append(converted(value_at(value, path), column, options))
        except RecordError as e:
            raise ColumnError(column, e) from e
        except RecursionError as e:
            raise ColumnError(column, RecordError(1216, "Invalid JSON: nested too deep")) from e
    return texts


def converted(value: Any, column: Column, options: Options) -> str | None:
    """A JSON value as the text by which PostgreSQL takes it into the column; None for NULL.

    A number stays as it was written; an object or an array becomes JSON.

    Raises:
        RecordError: the column does not take it.
    """
    text = None if value is None else value if isinstance(value, str) else _json(value)
    if text is not None and column.max_bytes is None and not text.strip():
        text = None
    if text is not None:
        text = _as_text(text, column, options) if column.max_bytes is not None else _as_value(text, column, options)
    if text is None and column.is_required:
        raise RecordError(1213, "Missing data for not-null field")
    return text


def _json(value: Any) -> str:
    """JSON as the documentation shows it in a loaded column: a blank after a colon, none after a comma."""
    if isinstance(value, Number):
        return value
    if isinstance(value, dict):
        return "{" + ",".join(f"{json.dumps(k, ensure_ascii=False)}: {_json(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_json, value)) + "]"
    return json.dumps(value, ensure_ascii=False)


def _as_text(text: str, column: Column, options: Options) -> str | None:
    if (options.emptyasnull and not text) or (options.blanksasnull and not text.strip()):
        return None
    if text.startswith("\0") and len(text) > 1:
        raise RecordError(1218, "Invalid null byte - field longer than 1 byte")
    text = text.partition("\0")[0]
    try:
        data = text.encode()
    except UnicodeEncodeError as e:
        raise not_utf8(text[e.start].encode("utf-8", "surrogatepass"), e.start) from e
    assert column.max_bytes is not None
    if len(data) > column.max_bytes:
        if not options.truncatecolumns:
            raise RecordError(1204, "String length exceeds DDL length")
        text = data[: column.max_bytes].decode(errors="ignore")
    return text


def _as_value(text: str, column: Column, options: Options) -> str:
    if column.type in INTEGERS:
        return _integer(text, *INTEGERS[column.type])
    if column.type in FLOATS:
        return _float(text, FLOATS[column.type])
    if column.type == "bool":
        return _boolean(text)
    if column.type == "timestamp":
        return _timestamp(text, options.timeformat)
    raise RecordError(1223, f"The stand-in loads no column of type {column.type}")


def _integer(text: str, name: str, bits: int) -> str:
    if wrong := re.search(r"(?!^-\d)[^0-9]", text, re.ASCII):
        position = wrong.start()
        raise RecordError(1207, f"Invalid digit, Value '{text[position]}', Pos {position}, Type: {name}", position)
    if len(text) > bits or not -(2 ** (bits - 1)) <= int(text) < 2 ** (bits - 1):
        limits = f"{-(2 ** (bits - 1))} to {2 ** (bits - 1) - 1}"
        raise RecordError(1204, f"Overflow ({name} valid range {limits})")
    return text


def _float(text: str, name: str) -> str:
    if not re.fullmatch(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*", text, re.ASCII):
        wrong = re.match(r"\s*[+-]?\d*\.?\d*", text)
        position = min(wrong.end() if wrong else 0, len(text) - 1)
        raise RecordError(1208, f"Invalid digit, Value '{text[position]}', Pos {position}, Type: {name}", position)
    if math.isinf(float(text)):
        raise RecordError(1204, f"Overflow, Type: {name}")
    if not float(text) and re.match(r"[^eE]*[1-9]", text):  # PostgreSQL takes it for an error, too
        raise RecordError(1204, f"Underflow, Type: {name}")
    return text.strip()


def _boolean(text: str) -> str:
    if text.lower() not in ("true", "t", "yes", "y", "1", "false", "f", "no", "n", "0"):
        raise RecordError(1210, f"Invalid boolean value '{text}'")
    return text


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EPOCHS = {"epochsecs": timedelta(seconds=1), "epochmillisecs": timedelta(milliseconds=1)}


def _timestamp(text: str, timeformat: str) -> str:
    if timeformat in EPOCHS:
        try:
            if not re.fullmatch(r"-?\d+", text, re.ASCII):
                raise ValueError
            return (EPOCH + int(text) * EPOCHS[timeformat]).replace(tzinfo=None).isoformat(" ")
        except (ValueError, OverflowError) as e:
            raise RecordError(1206, f"Invalid timestamp format or value [{timeformat}]") from e
    plain = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?"
    known = rf"{plain}|\d{{4}}-\d\d-\d\d(T\d\d:\d\d:\d\d(\.\d{{1,6}})?Z?)?" if timeformat == "auto" else plain
    try:
        if not re.fullmatch(known, text, re.ASCII):
            raise ValueError
        return datetime.fromisoformat(text).replace(tzinfo=None).isoformat(" ")
    except ValueError as e:
        raise RecordError(1206, "Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS]") from e
