"""An answer as a table for people, or as CSV, JSON or Parquet for programs."""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import chain
from pathlib import Path
from typing import BinaryIO, TextIO

from sparkify.engines.answer import Answer, Value
from sparkify.errors import ConfigError
from sparkify.output import JSON_VERSION, as_json, escape_control_characters, interval, json_line
from sparkify.outputs import replaced
from sparkify.private_folders import private_folder

TABLE_ROWS = 10_000
"""Rows of an answer that a table shows; it holds them in memory."""

TERMINAL_ROWS = 100
"""Rows of it that a terminal is shown."""

NARROWEST = 8
"""The width below which no column is cut to make a table fit a terminal."""

CELL = 1_000
"""Characters of a value that a table shows."""

NUMBERS = ("BIGINT", "INTEGER", "SMALLINT", "TINYINT", "HUGEINT", "DOUBLE", "FLOAT", "DECIMAL")
"""The first letters of types whose values are aligned to the right."""


def write(answer: Answer, form: str, output: Path | None) -> None:
    """Write an answer in one of `FORMATS` to a file or to stdout.

    Raises:
        ConfigError: Parquet would go to a terminal.
        AccessError: the file cannot be written.
    """
    if form == "parquet":
        _write_parquet(answer, output)
    elif output:
        with replaced(output) as new, new.open("w", encoding="utf-8", newline="") as stream:
            _WRITERS[form](answer, stream)
    else:
        _WRITERS[form](answer, sys.stdout)


def of_file(output: Path | None) -> str:
    """The format that a file's name ends in, as in `plays.csv`; a table for any other name, and for stdout."""
    ending = output.suffix.removeprefix(".").lower() if output else ""
    return ending if ending in FORMATS else "table"


def written_by_engines(form: str, output: Path | None) -> bool:
    """Whether an engine may write a form by itself: into a file, for a pipe gets each row as soon as it is there."""
    if form == "csv":
        return goes_into_a_file(output)
    return form == "parquet" and (output is not None or not sys.stdout.isatty())


def goes_into_a_file(output: Path | None) -> bool:
    """Whether an answer goes into a file, and not to a terminal or into a pipe."""
    return (not output.exists() or output.is_file()) if output else _is_file(sys.stdout)


def _is_file(stream: TextIO) -> bool:
    try:
        return stat.S_ISREG(os.fstat(stream.fileno()).st_mode)
    except OSError:
        return False


def deliver(file: Path, form: str, output: Path | None) -> None:
    """Bring what an engine has written to where it belongs.

    Raises:
        AccessError: the file cannot be written.
    """
    if output:
        with replaced(output) as new:
            if new.is_file():  # on the same disk
                file.replace(new)
            else:
                with new.open("wb") as stream:
                    _copy(file, stream)
    elif form == "parquet":
        _copy(file, sys.stdout.buffer)
    else:
        with file.open(encoding="utf-8", newline="") as text:
            shutil.copyfileobj(text, sys.stdout)


def _copy(file: Path, stream: BinaryIO) -> None:
    with file.open("rb") as content:
        shutil.copyfileobj(content, stream)


def _write_parquet(answer: Answer, output: Path | None) -> None:
    from sparkify.engines import parquet

    if output:
        with replaced(output) as new:
            parquet.write(answer, new)
        return
    if sys.stdout.isatty():
        raise ConfigError("Parquet is not for the eye; name a file with --output FILE")
    with private_folder(None) as folder:
        path = folder / "answer.parquet"
        parquet.write(answer, path)
        _copy(path, sys.stdout.buffer)


def _write_table(answer: Answer, stream: TextIO) -> None:
    """The first rows, for the columns of a table are as wide as the widest of all its cells.

    A terminal gets fewer of them, in columns that fit its width.
    """
    columns = [_cell(name) for name in answer.columns]
    first, is_whole = answer.portion(TABLE_ROWS)
    is_whole = is_whole or next(answer.rows, None) is None
    shown, width = (TERMINAL_ROWS, shutil.get_terminal_size().columns) if stream.isatty() else (len(first), None)
    rows = [["" if value is None else _cell(text(value)) for value in row] for row in first[:shown]]
    for line in table(columns, rows, [is_number(kind) for kind in answer.types], width):
        print(line, file=stream)
    if len(rows) < len(first) or not is_whole:
        count = f"{len(first):,} rows" if is_whole else f"more than {len(first):,} rows"
        what = f"{len(rows):,} of {count}" if len(rows) < len(first) else f"and more than these {len(rows):,} rows"
        print(f"… {what}: the other formats hold all (--format csv)", file=stream)


def table(
    columns: list[str], rows: list[list[str]], is_number: list[bool], most_width: int | None = None
) -> Iterator[str]:
    """Lines of rows in columns as wide as their widest cell on a terminal, numbers to the right.

    Where a line would be wider than `most_width`, the widest columns are cut, but none below `NARROWEST`.
    """
    from rich.cells import cell_len, set_cell_size

    widths = [max(map(cell_len, cells)) for cells in zip(columns, *rows, strict=True)]
    surplus = sum(widths) + 2 * (len(widths) - 1) - (most_width or sys.maxsize)
    while surplus > 0 and (widest := max(widths)) > NARROWEST:
        widths[widths.index(widest)] -= 1
        surplus -= 1

    def line(cells: list[str]) -> str:
        padded = []
        for cell, width, right in zip(cells, widths, is_number, strict=True):
            if cell_len(cell) > width:
                cell = f"{set_cell_size(cell, width - 1).rstrip()}…"
            space = " " * (width - cell_len(cell))
            padded.append(space + cell if right else cell + space)
        return "  ".join(padded).rstrip()

    yield line(columns)
    yield "  ".join("─" * width for width in widths)
    yield from map(line, rows)


def _write_csv(answer: Answer, stream: TextIO) -> None:
    """As DuckDB writes it, too: nothing between two commas is null, an empty text is `""`.

    Texts are written as they are, save on a terminal, which they could steer.
    """
    shown = escape_control_characters if stream.isatty() else str
    for row in chain([answer.columns], answer.rows):
        print(",".join("" if value is None else _quoted(shown(text(value))) for value in row), file=stream)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"' if not text or re.search('^#|[",\r\n]', text) else text


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


def text(value: Value) -> str:
    """A value for the eye and for CSV, as SQL spells it."""
    if isinstance(value, datetime):
        text = value.isoformat(" ")
        return text.rstrip("0") if value.microsecond and not value.tzinfo else text
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, timedelta):
        return interval(value)
    if isinstance(value, (bool, list, tuple, dict, bytes)):
        return json.dumps(as_json(value), ensure_ascii=False)
    return str(value)


def _cell(text: str) -> str:
    """A text as a cell of a table can show it: on a line, and no longer than `CELL`."""
    return escape_control_characters(text if len(text) <= CELL else f"{text[: CELL - 1]}…")


def is_number(kind: str) -> bool:
    """Whether the values of a type are numbers."""
    return kind.removeprefix("U").startswith(NUMBERS) and not kind.endswith("]")


_WRITERS: dict[str, Callable[[Answer, TextIO], None]] = {"table": _write_table, "csv": _write_csv, "json": _write_json}

FORMATS = (*_WRITERS, "parquet")
"""The formats of an answer."""
