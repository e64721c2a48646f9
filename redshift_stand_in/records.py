"""What COPY makes of JSON: where records begin and end, the values that the paths find, and what each column takes.

The rules are those of the pages copy-parameters-data-format, copy-usage_notes-copy-from-json and
copy-parameters-data-conversion of the Database Developer Guide, the codes those of r_Load_Error_Reference. Where the
pages are silent the stricter reading is taken; README.md lists these choices.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn, TypeAlias

MOST_BYTES = 4 * 1024 * 1024
"""Of one JSON object."""

Step: TypeAlias = str | int
Path: TypeAlias = tuple[Step, ...]

INTEGERS = {"int2": ("Short", 16), "int4": ("Integer", 32), "int8": ("Long", 64)}
FLOATS = {"float4": "Float", "float8": "Double"}


class Number(str):
    """A JSON number as it was written."""


class RecordError(Exception):
    """Why no row can be made of a record: a code and message of STL_LOAD_ERRORS, and where in the value."""

    def __init__(self, code: int, message: str, position: int = 0) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.position = position


@dataclass(frozen=True)
class Column:
    """A column that COPY fills. `bytes` is the most that a text may have."""

    name: str
    type: str
    bytes: int | None = None
    is_required: bool = False


@dataclass(frozen=True)
class Options:
    """How COPY was told to convert values."""

    timeformat: str = ""
    truncatecolumns: bool = False
    blanksasnull: bool = False
    emptyasnull: bool = False


@dataclass(frozen=True)
class Found:
    """A record, or what stands where one should be. `line` is the one in which it ends, from 1."""

    line: int
    value: Any
    error: RecordError | None = None


# Records.


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _first_wins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        found.setdefault(key, value)
    return found


_decoder = json.JSONDecoder(
    parse_int=Number, parse_float=Number, parse_constant=_no_constant, object_pairs_hook=_first_wins
)
_SPACE = re.compile(r"[ \t\r\n]*")
_GARBAGE = re.compile(r"[^{\[]*")
_BRACKETS = re.compile(r'[{}\[\]]|"(?:[^"\\\n]|\\.)*"')
_NEXT_LINE = re.compile(r"\n[ \t\r]*(?=[{\[])")


def records(data: bytes) -> Iterator[Found]:
    """The records of a file, and what stands between them."""
    text = data.decode("utf-8", "surrogateescape")  # bytes that are not UTF-8 become lone surrogates
    at, line = 0, 1
    while (start := _end(_SPACE, text, at)) < len(text):
        end, value, error = _record(text, start)
        line += text.count("\n", at, end)
        yield Found(line, value, error)
        at = end


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    assert found
    return found.end()


def _record(text: str, start: int) -> tuple[int, Any, RecordError | None]:
    """Where the record ends that begins here, and what it is."""
    if text[start] not in "{[":
        end = _end(_GARBAGE, text, start)
        return start + len(text[start:end].rstrip()), None, RecordError(1216, "Invalid JSON: no object begins here")
    try:
        value, end = _decoder.raw_decode(text, start)
    except (ValueError, RecursionError) as e:
        return _closed(text, start), None, RecordError(1216, f"Invalid JSON: {str(e).splitlines()[0]}")
    data = text[start:end].encode("utf-8", "surrogateescape")
    if len(data) > MOST_BYTES:
        return end, None, RecordError(1216, f"JSON object exceeds the maximum size of {MOST_BYTES} bytes")
    try:
        data.decode()
    except UnicodeDecodeError as e:
        return end, None, _not_utf8(data[e.start : e.start + 1], e.start)
    return end, value, None


def _not_utf8(data: bytes, position: int) -> RecordError:
    words = "String contains invalid or unsupported UTF8 codepoints. Bad UTF8 hex sequence:"
    return RecordError(1220, f"{words} {data.hex()} (error 3)", position)


def _closed(text: str, start: int) -> int:
    """Where a broken record ends: at the bracket that closes it, else where a line begins another."""
    depth = 0
    for bracket in _BRACKETS.finditer(text, start):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(bracket[0], 0)
        if depth == 0:
            return bracket.end()
    following = _NEXT_LINE.search(text, start)
    return following.start() if following else len(text)


# Paths.


def path(text: str) -> Path:
    """A JSONPath expression, in brackets or with dots.

    Raises:
        ValueError: it is none that COPY knows.
    """
    brackets = re.compile(r"\['([^']*)'\]|\[(\d+)\]")
    dots = re.compile(r"\.([^'.\[\]]+)|\[(\d+)\]")
    for notation in (brackets, dots):
        if re.fullmatch(rf"\$(?:{notation.pattern})+", text):
            return tuple(name if name else int(index) for name, index in notation.findall(text))
    raise ValueError(text)


def at_path(value: Any, steps: Path) -> Any:
    """What stands at a path; None where an object lacks the name.

    Raises:
        RecordError: there is no object or array on the way.
    """
    for step in steps:
        if isinstance(step, int):
            if not isinstance(value, list) or step >= len(value):
                raise RecordError(1216, "Invalid JSONPath format: Not an array or index out of range.")
            value = value[step]
        elif value is None:
            return None
        elif isinstance(value, dict):
            value = value.get(step)
        else:
            raise RecordError(1216, "Invalid JSONPath format: Member is not an object.")
    return value


# Values.


def converted(value: Any, column: Column, options: Options) -> str | None:
    """A JSON value as the text that its column takes, in PostgreSQL's words; None for NULL.

    A number comes as it was written, an object or an array as JSON.

    Raises:
        RecordError: the column does not take it.
    """
    text = None if value is None else value if isinstance(value, str) else _json(value)
    if text is not None and column.bytes is None and not text.strip():
        text = None
    if text is not None:
        text = _as_text(text, column, options) if column.bytes is not None else _as_value(text, column, options)
    if text is None and column.is_required:
        raise RecordError(1213, "Missing data for not-null field")
    return text


def _json(value: Any) -> str:
    """JSON as the documentation shows it loaded: a blank after a colon, none after a comma."""
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
    if "\0" in text:
        raise RecordError(1218, "Invalid null byte - field longer than 1 byte", text.index("\0"))
    try:
        data = text.encode()
    except UnicodeEncodeError as e:
        raise _not_utf8(text[e.start].encode("utf-8", "surrogatepass"), e.start) from e
    assert column.bytes is not None
    if len(data) > column.bytes:
        if not options.truncatecolumns:
            raise RecordError(1204, "String length exceeds DDL length")
        text = data[: column.bytes].decode(errors="ignore")
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


def row(value: Any, columns: Sequence[Column], paths: Sequence[Path], options: Options) -> list[str | None]:
    """The values of a record's row, in the order of the columns.

    Raises:
        ColumnError: a column does not take its value.
    """
    values = []
    for column, steps in zip(columns, paths, strict=True):
        try:
            values.append(converted(at_path(value, steps), column, options))
        except RecordError as e:
            raise ColumnError(column, e) from e
        except RecursionError as e:
            raise ColumnError(column, RecordError(1216, "Invalid JSON: nested too deep")) from e
    return values


class ColumnError(Exception):
    """A column of a record that does not take its value."""

    def __init__(self, column: Column, error: RecordError) -> None:
        super().__init__(f"{column.name}: {error}")
        self.column = column
        self.error = error
