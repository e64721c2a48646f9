"""A statement that Redshift takes, in PostgreSQL's words.

Storage attributes and constraints that Redshift does not enforce are dropped. A word that means something else in
PostgreSQL is replaced, so that the statement means the same.
"""

from __future__ import annotations

import re

from sqlfluff.core.parser import BaseSegment

from redshift_stand_in import functions
from redshift_stand_in.syntax import children, list_items, syntax_error, words
from redshift_stand_in.wire import SqlError

MAX_BYTES = 65_535
"""The most bytes of a VARCHAR, and of `varchar(max)` (DG r_Character_types)."""

TYPES = {
    "smallint": "smallint",
    "int2": "smallint",
    "integer": "integer",
    "int": "integer",
    "int4": "integer",
    "bigint": "bigint",
    "int8": "bigint",
    "real": "real",
    "float4": "real",
    "double precision": "double precision",
    "float8": "double precision",
    "float": "double precision",
    "boolean": "boolean",
    "bool": "boolean",
    "date": "date",
    "timestamp": "timestamp",
    "timestamp without time zone": "timestamp",
    "timestamptz": "timestamptz",
    "timestamp with time zone": "timestamptz",
}
"""PostgreSQL's type of a column, by Redshift's, except VARCHAR, CHAR and DECIMAL (DG c_Supported_data_types)."""

STORAGE = ("distkey", "sortkey", "diststyle", "compound", "interleaved", "backup", "encode")
BACKUP = ("backup", "yes", "no")
"""The words of BACKUP YES and BACKUP NO, which CREATE TABLE AS has before its other storage attributes."""


def sql(segment: BaseSegment) -> str:
    """A segment in PostgreSQL's words. A function whose value only the session knows becomes {name}.

    Raises:
        SqlError: Redshift has no such type.
    """
    if segment.is_type("create_table_statement"):
        return _create_table(segment)
    if segment.is_type("quoted_identifier"):  # names fold to lower case even in quotes (DG r_names)
        return segment.raw.lower()
    if segment.is_type("create_table_as_statement"):
        return "".join(sql(part) for part in segment.segments if part.raw.lower() not in BACKUP)
    if segment.is_type("function"):
        return functions.call(segment, sql)
    if segment.is_type("data_type"):
        return data_type(words(segment)) or _parts(segment)
    if segment.is_type("table_constraint", "column_attribute_segment") and words(segment).startswith(STORAGE):
        return ""
    return _parts(segment)


def _parts(segment: BaseSegment) -> str:
    return "".join(map(sql, segment.segments)) if segment.segments else segment.raw


def varchar_bytes(kind: str) -> int | None:
    """The most bytes of a type of texts, from its words; None for any other type."""
    if kind in ("text", "bpchar"):
        return 256
    declared = re.fullmatch(r"(?:(n?varchar|character varying)|n?char|character)(?: \( (\w+) \))?", kind)
    if not declared:
        return None
    is_varying, length = declared[1], declared[2]
    if length == "max":
        return MAX_BYTES
    return int(length) if length else 256 if is_varying else 1


def data_type(kind: str) -> str | None:
    """A type in PostgreSQL's words, from its words; None if Redshift does not have it.

    Raises:
        SqlError: it is longer than Redshift allows.
    """
    if kind in TYPES:
        return TYPES[kind]
    if (size := varchar_bytes(kind)) is not None:
        if size > MAX_BYTES:
            raise SqlError("22023", f"Length for type character varying cannot exceed {MAX_BYTES}")
        is_fixed = re.match(r"n?char\b|character(?! varying)|bpchar", kind)
        return f"{'char' if is_fixed else 'varchar'}({size})"
    if re.match(r"(decimal|numeric)\b", kind):
        return kind.replace("decimal", "numeric") if "(" in kind else "numeric(18, 0)"
    return None


def _create_table(tree: BaseSegment) -> str:
    """CREATE TABLE with its columns alone, and a check of each text's bytes; Redshift does not enforce keys."""
    body = next(children(tree, "bracketed"))
    items = list_items(body)
    if words(items[0][0]) == "like":
        raise SqlError("0A000", "the stand-in takes a list of columns only")
    columns = [_column(parts) for parts in items if not parts[0].is_type("table_constraint")]
    head = "".join(map(sql, tree.segments[: tree.segments.index(body)]))
    return f"{head}({', '.join(columns)})"


def _column(parts: list[BaseSegment]) -> str:
    name, kind = sql(parts[0]), words(parts[1])
    rest = " ".join(map(words, parts[2:]))
    if re.search(r"\b(identity|collate)\b", rest):
        raise SqlError("0A000", f"column {name}: the stand-in has no IDENTITY and no COLLATE")
    if (declared := data_type(kind)) is None:
        raise SqlError("0A000", f'Column "{name}" has unsupported type "{kind}".')
    column = f"{name} {declared}"
    for value in (value for part in parts[2:] for value in part.recursive_crawl("expression")):
        column += f" default {sql(value)}"
    if re.search(r"\bnot null\b|\bprimary key\b", rest):
        column += " not null"
    if size := varchar_bytes(kind):
        column += f' constraint "bytes_{size}_{name.strip(chr(34))}" check (octet_length({name}) <= {size})'
    return column


def written_table(tree: BaseSegment) -> str:
    """The table whose rows an INSERT, UPDATE, DELETE, MERGE or COPY changes."""
    return sql(next(tree.recursive_crawl("table_reference")))


def setting(tree: BaseSegment) -> str:
    """The name of the setting that a SET changes.

    Raises:
        SqlError: there is none.
    """
    match = re.match(r"set (?:session |local )?(\w+)", words(tree))
    if not match:
        raise syntax_error("set")
    return match[1]
