"""An answer as a table for people, or as CSV, JSON or Parquet for programs."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from itertools import chain
from pathlib import Path
from typing import TextIO

from sparkify.engines import Answer, Value
from sparkify.errors import AccessError, ConfigError
from sparkify.output import JSON_VERSION, escape_control_characters, json_line

NUMBERS = ("BIGINT", "INTEGER", "SMALLINT", "TINYINT", "HUGEINT", "DOUBLE", "FLOAT", "DECIMAL")
"""How the names of the types begin whose values stand on the right of a column."""


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """A file to write in place of another, which is changed when all is written, or not at all.

    A link stays a link. What is no file, such as /dev/stdout, is not replaced but written to.

    Raises:
        AccessError: it cannot be written.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        yield path
        return
    path = path.resolve()
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as e:
        raise AccessError(f"{path}: cannot be written ({e.strerror})") from e
    os.close(handle)
    new = Path(name)
    # mkstemp makes a file for its owner alone; the new one is as open as the old one, or any other of this person.
    mask = os.umask(0)
    os.umask(mask)
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~mask
    try:
        yield new
        new.chmod(mode)
        new.replace(path)
    except OSError as e:
        raise AccessError(f"{path}: cannot be written ({e.strerror})") from e
    finally:
        new.unlink(missing_ok=True)


def write(answer: Answer, form: str, output: Path | None) -> None:
    """Write an answer in one of `FORMATS`, or as Parquet, to a file or to stdout.

    Raises:
        ConfigError: Parquet would go to a terminal.
        AccessError: the file cannot be written.
    """
    if form == "parquet":
        _write_parquet(answer, output)
    elif output:
        with replaced(output) as new, new.open("w", encoding="utf-8", newline="") as stream:
            FORMATS[form](answer, stream)
    else:
        FORMATS[form](answer, sys.stdout)


def _write_parquet(answer: Answer, output: Path | None) -> None:
    from sparkify.engines import parquet

    if output:
        with replaced(output) as new:
            parquet.write(answer, new)
        return
    if sys.stdout.isatty():
        raise ConfigError("Parquet is not for the eye; name a file with --output FILE")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "answer.parquet"
        parquet.write(answer, path)
        with path.open("rb") as content:
            shutil.copyfileobj(content, sys.stdout.buffer)


def _write_table(answer: Answer, stream: TextIO) -> None:
    columns = [escape_control_characters(name) for name in answer.columns]
    rows = [["" if value is None else escape_control_characters(_text(value)) for value in row] for row in answer.rows]
    print(table(columns, rows, [is_number(kind) for kind in answer.types]), file=stream)


def table(columns: list[str], rows: list[list[str]], is_number: list[bool]) -> str:
    """Rows in columns as wide as their widest cell on a terminal, numbers to the right."""
    from rich.cells import cell_len

    widths = [max(map(cell_len, cells)) for cells in zip(columns, *rows, strict=True)]

    def line(cells: list[str]) -> str:
        padded = []
        for cell, width, right in zip(cells, widths, is_number, strict=True):
            space = " " * (width - cell_len(cell))
            padded.append(space + cell if right else cell + space)
        return "  ".join(padded).rstrip()

    return "\n".join([line(columns), "  ".join("─" * width for width in widths), *map(line, rows)])


def _write_csv(answer: Answer, stream: TextIO) -> None:
    """As PostgreSQL and DuckDB write it: nothing between two commas is null, an empty text is `""`.

    Texts are written as they are, save on a terminal, which they could steer.
    """
    shown = escape_control_characters if stream.isatty() else str
    for row in chain([answer.columns], answer.rows):
        print(",".join("" if value is None else _quoted(shown(_text(value))) for value in row), file=stream)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if not text or re.search('[",\r\n]', text) else text


def _write_json(answer: Answer, stream: TextIO) -> None:
    """One object; its rows are written one after the other, for there may be millions of them.

    A terminal, and a stream that has not all of Unicode, get ASCII.
    """
    is_faithful = not stream.isatty() and (stream.encoding or "utf-8").lower().replace("-", "") == "utf8"
    as_line = partial(json.dumps, ensure_ascii=False) if is_faithful else json_line
    columns = answer.distinct_columns()
    shown = as_line(columns)
    print(f'{{"version": {JSON_VERSION}, "columns": {shown}, "rows": [', file=stream, end="")
    between = "\n"
    for row in answer.rows:
        named = {name: as_json(value) for name, value in zip(columns, row, strict=True)}
        print(between + as_line(named), file=stream, end="")
        between = ",\n"
    print("\n]}", file=stream)


def as_json(value: Value) -> Value:
    """A value as JSON has it: times as ISO texts (UTC), numbers as numbers, what is no number as null."""
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, list):
        return [as_json(each) for each in value]
    if isinstance(value, dict):
        return {str(name): as_json(each) for name, each in value.items()}
    return value if isinstance(value, (int, float, str, bool, type(None))) else str(value)


def _text(value: Value) -> str:
    """A value for the eye and for CSV, as SQL spells it."""
    if isinstance(value, datetime):
        return value.isoformat(" ")
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, (bool, list, dict)):
        return json.dumps(as_json(value), ensure_ascii=False)
    return str(value)


def is_number(kind: str) -> bool:
    """Whether the values of a type are numbers."""
    return kind.removeprefix("U").startswith(NUMBERS) and not kind.endswith("]")


FORMATS: dict[str, Callable[[Answer, TextIO], None]] = {"table": _write_table, "csv": _write_csv, "json": _write_json}
