"""An answer as a table for people, or as CSV, JSON or Parquet for programs."""

from __future__ import annotations

import csv
import json
import math
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TextIO

from sparkify.engines import Answer, Value
from sparkify.errors import AccessError, ConfigError

JSON_VERSION = 1
"""Of the objects that `--json` and `--format json` print: keys may be added, none changes its meaning within one."""


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """A file to write in place of another, which is changed when all is written, or not at all.

    Raises:
        AccessError: it cannot be written.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as e:
        raise AccessError(f"{path}: cannot be written ({e.strerror})") from e
    os.close(handle)
    new = Path(name)
    try:
        yield new
        # mkstemp makes a file for its owner alone; the new one is as open as any other file of this person.
        mask = os.umask(0)
        os.umask(mask)
        new.chmod(0o666 & ~mask)
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
    rows = [["" if value is None else _text(value) for value in row] for row in answer.rows]
    print(table(answer.columns, rows, [_is_number(kind) for kind in answer.types]), file=stream)


def table(columns: tuple[str, ...], rows: list[list[str]], is_number: list[bool]) -> str:
    """Rows in columns as wide as their widest cell on a terminal, numbers to the right."""
    from rich.cells import cell_len

    widths = [max(map(cell_len, cells)) for cells in zip(columns, *rows, strict=True)]

    def line(cells: list[str]) -> str:
        padded = []
        for cell, width, right in zip(cells, widths, is_number, strict=True):
            space = " " * (width - cell_len(cell))
            padded.append(space + cell if right else cell + space)
        return "  ".join(padded).rstrip()

    return "\n".join([line(list(columns)), "  ".join("─" * width for width in widths), *map(line, rows)])


def _write_csv(answer: Answer, stream: TextIO) -> None:
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(answer.columns)
    writer.writerows(["" if value is None else _text(value) for value in row] for row in answer.rows)


def _write_json(answer: Answer, stream: TextIO) -> None:
    """One object; its rows are written one after the other, for there may be millions of them."""
    print(f'{{"version": {JSON_VERSION}, "columns": {json.dumps(answer.columns)}, "rows": [', file=stream, end="")
    between = "\n"
    for row in answer.rows:
        named = {name: as_json(value) for name, value in zip(answer.columns, row, strict=True)}
        print(between + json.dumps(named, ensure_ascii=False), file=stream, end="")
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
    return value if isinstance(value, (int, float, str, bool, type(None))) else str(value)


def _text(value: Value) -> str:
    """A value for the eye and for CSV, on one line of a table."""
    return value.isoformat(" ") if isinstance(value, datetime) else str(value)


def _is_number(kind: str) -> bool:
    return kind.startswith(("BIGINT", "INTEGER", "SMALLINT", "TINYINT", "HUGEINT", "DOUBLE", "FLOAT", "DECIMAL", "U"))


FORMATS: dict[str, Callable[[Answer, TextIO], None]] = {"table": _write_table, "csv": _write_csv, "json": _write_json}
