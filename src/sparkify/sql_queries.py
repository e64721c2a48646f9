"""Every SQL statement of the warehouse, by name. The text lives in `sql/`, a table a file; this module only reads it.

The text is one for all engines: it stays in the part of SQL that DuckDB, Redshift and PostgreSQL share.
A value is written `$name` and bound by the engine. Where a statement takes no bound value, `literal` quotes it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import cache
from importlib.resources import files
from itertools import takewhile

WAREHOUSE_VERSION = 6
"""Version of the tables; raised when a file of `sql/create` changes what is stored. `sql/migrate` has the steps."""

STAGING = {"events": "staging_events", "songs": "staging_songs"}
"""The staging table of each kind of object."""

BATCH_TABLES = (
    *STAGING.values(),
    "staging_objects",
    "staging_rejected_records",
    "repaired_texts",
    "repaired_events",
    "changed_songs",
    "play_match_keys",
    "song_matches",
    "duplicate_times",
    "duplicate_plays",
    "duplicate_page_views",
    "latest_users",
)
"""Staging and work tables: they describe the batch in hand, and are emptied when a batch is staged."""

BATCH_VIEWS = ("delivered_events",)
"""The views over the staging tables."""

STAGING_SCHEMAS = {"duckdb": "staging_area"}
"""By engine, the schema of the staging and work tables and their views; in others they are temporary tables."""

LASTING_TABLES = (
    "catalogue",
    "users",
    "artists",
    "songs",
    "time",
    "songplays",
    "page_views",
    "load_history",
    "runs",
    "rejected_records",
    "forgotten_users",
    "load_lock",
    "warehouse",
)
LOCK_TABLE = "load_lock"
"""The lasting table that never has rows. Who reads it in Redshift keeps a run waiting."""

LASTING_VIEWS = ("plays", "events", "sessions", "user_levels")
"""The views for analysts, each after those that it reads."""

BATCH = (*BATCH_TABLES, *BATCH_VIEWS)
LASTING = (*LASTING_TABLES, *LASTING_VIEWS)
TABLES = (*BATCH_TABLES, *LASTING_TABLES)
VIEWS = (*BATCH_VIEWS, *LASTING_VIEWS)

TYPE = r"varchar\(\d+\)|bigint|integer|double precision|timestamp"
"""The types that columns have."""

COLUMN = re.compile(rf"^    (\w+) ({TYPE})( not null)?[^\n]*?(?:  -- ([^\n]*))?$", re.MULTILINE)
"""A column in a table's file of `sql/create`, on a line of its own: name, type, whether it is required, description."""


BYTE_LENGTH = {"duckdb": "strlen", "redshift": "octet_length"}
"""The function that counts the bytes of a text."""

OPTIONAL = re.compile(r"/\* (duckdb|redshift|keys|batch): (.*?) \*/", re.DOTALL)
"""What some statements hold for one engine alone, to declare keys, or to look at what a batch changed alone."""

WITHOUT_BLANKS = re.compile(r"rtrim\(([\w.]+), ' '\)")
"""Where blanks are taken off. DuckDB reads the whole text for that; to look whether one is there at all is cheap."""

PARAMETER = re.compile(r"(?<![\w$])\$([a-z_]\w*)")
"""Where a statement takes a value."""

LETTER = r"(?:[^\W\d]|[^\x00-\x7f])"
NAME = rf"{LETTER}(?:[\w$]|[^\x00-\x7f])*"
"""A name without quotes, a key word among them: a `$` within it begins nothing."""

QUOTED = (
    rf"(?P<text>'(?:[^']|'')*(?:'|\Z)|\$(?P<tag>(?:{LETTER}(?:\w|[^\x00-\x7f])*)?)\$.*?(?:\$(?P=tag)\$|\Z))"
    rf"""|(?P<name>"(?:[^"]|"")*(?:"|\Z))|(?P<comment>--[^\r\n]*|/\*)|{NAME}"""
)
ESCAPED = r"""(?:[^'\\]|''|\\.)*(?:'|\Z)"""
"""The rest of a text in which a backslash takes the next character along, after its first quote."""

TOKEN = re.compile(rf"(?P<escaped>[eE]'{ESCAPED})|{QUOTED}", re.DOTALL)
"""What of a statement is a text, a name or a comment, or begins a comment that ends with `*/`.

A comment of one line ends at a return as well, and `$tag$` may quote a text (see PostgreSQL's and
DuckDB's scan.l, and for Redshift DG r_names).
"""

TOKEN_OF_REDSHIFT = re.compile(rf"(?P<escaped>[eE]?'{ESCAPED})|{QUOTED}", re.DOTALL)
"""The same where a backslash escapes in every text, as in Redshift (standard_conforming_strings is off)."""


@cache
def statements(folder: str, name: str) -> tuple[str, ...]:
    """The statements of one SQL file, in order, without the comments before them.

    `folder` is `create`, `transform`, `checks` or `report`; `name` the file's name without `.sql`.
    """
    text = re.sub(r"[ \t]*--[^\n]*", "", read(folder, name))
    return tuple(statement.strip() for statement in text.split(";") if statement.strip())


def read(folder: str, name: str) -> str:
    """The text of one SQL file, header and all."""
    return (files("sparkify") / "sql" / folder / f"{name}.sql").read_text(encoding="utf-8")


def names(folder: str) -> list[str]:
    """The names of the SQL files of a folder, sorted."""
    folder_files = (files("sparkify") / "sql" / folder).iterdir()
    return sorted(file.name.removesuffix(".sql") for file in folder_files if file.name.endswith(".sql"))


def header(folder: str, name: str) -> str:
    """The comment at the head of a SQL file as one line of text: what it is and what goes wrong without it."""
    return " ".join(header_lines(folder, name))


def header_lines(folder: str, name: str) -> list[str]:
    """The comment at the head of a SQL file, line by line."""
    return header_of(read(folder, name))


def header_of(text: str) -> list[str]:
    """The comment at the head of a text of SQL, line by line."""
    head = takewhile(lambda line: line.startswith("--"), text.splitlines())
    return [line.removeprefix("--").strip() for line in head]


def code(sql: str, *, backslashes: bool = False, names: bool = False) -> str:
    """A statement of the same length with blanks in place of its comments, which may nest, and of what is quoted.

    `backslashes` escape in every text, and not only in E'…'; `names` in quotes are kept.
    """
    token = TOKEN_OF_REDSHIFT if backslashes else TOKEN
    parts, at = [], 0
    while match := token.search(sql, at):
        end = _end_of_comment(sql, match.end()) if match[0] == "/*" else match.end()
        is_kept = match.lastgroup is None or (names and match.lastgroup == "name")
        parts += [sql[at : match.start()], sql[match.start() : end] if is_kept else " " * (end - match.start())]
        at = end
    return "".join([*parts, sql[at:]])


def _end_of_comment(sql: str, at: int) -> int:
    depth = 1
    for mark in re.compile(r"/\*|\*/").finditer(sql, at):
        depth += 1 if mark[0] == "/*" else -1
        if depth == 0:
            return mark.end()
    return len(sql)


def with_parameters(sql: str, text: Callable[[str], str]) -> str:
    """A statement with a text in place of each parameter."""
    parts, at = [], 0
    for match in PARAMETER.finditer(code(sql)):
        parts += [sql[at : match.start()], text(match[1])]
        at = match.end()
    return "".join([*parts, sql[at:]])


@cache
def parameters(sql: str) -> frozenset[str]:
    """The names of the values that a statement takes."""
    return frozenset(PARAMETER.findall(code(sql)))


def filled(sql: str, values: Mapping[str, object]) -> str:
    """A statement as any tool can run it, with literals in place of its parameters: to show, never to run here."""
    return with_parameters(sql, lambda name: _as_literal(values[name]))


def terminated(sql: str) -> str:
    """A statement with one semicolon at its end, on a line of its own where a comment may be the last of it."""
    text = sql.rstrip()
    without_comments = code(text).rstrip()
    if without_comments.endswith(";"):
        return text
    return f"{text};" if len(without_comments) == len(text) else f"{text}\n;"


def _as_literal(value: object) -> str:
    if isinstance(value, datetime):
        return f"timestamp {literal(value.isoformat(' ', 'seconds'))}"
    return str(value) if isinstance(value, int) else literal(str(value))


@cache
def columns(table: str) -> dict[str, str]:
    """The columns of a table and their types, in order, as `sql/create` declares them."""
    return {name: kind for name, kind, _, _ in COLUMN.findall(read("create", table))}


@cache
def required_columns(table: str) -> frozenset[str]:
    """The columns of a table that must hold a value."""
    return frozenset(name for name, _, required, _ in COLUMN.findall(read("create", table)) if required)


def literal(text: str) -> str:
    """A text as an SQL literal, where a statement takes no bound value."""
    return "'" + text.replace("'", "''") + "'"


def create_table_queries(engine: str = "duckdb") -> list[str]:
    """The statements that create what is missing in a warehouse: tables first, then the views over them."""
    lasting = create_queries(engine, LASTING)
    if not (schema := STAGING_SCHEMAS.get(engine)):
        return lasting
    return [
        f"create schema if not exists {schema}",
        f"set search_path to {schema}",
        *create_queries(engine, BATCH),
        "set search_path to main",
        *lasting,
    ]


def create_queries(engine: str, names: Iterable[str]) -> list[str]:
    """The statements that create some tables and views."""
    return [text for name in names for text in statements_for(engine, "create", name)]


def statements_for(engine: str, folder: str, name: str) -> list[str]:
    """The statements of one SQL file as an engine takes them, without those that are another engine's alone."""
    opened = (opened_for(engine, text) for text in statements(folder, name))
    return [text for text in opened if code(text).strip()]


def opened_for(engine: str, sql: str, *more: str) -> str:
    """A statement for an engine: what only that one understands lies in a comment, `/* engine: … */`.

    Keys lie in a comment, too, and are declared where they are wanted: DuckDB makes an index of each. Redshift enforces
    none, and may answer a check from a declaration: of a false one it would find nothing (DG t_Defining_constraints).
    """
    text = OPTIONAL.sub(lambda match: match[2] if match[1] in (engine, *more) else "", sql)
    return WITHOUT_BLANKS.sub(r"case when \1 like '% ' then \g<0> else \1 end", text) if engine == "duckdb" else text


FORMER_BATCH_VIEWS = ("delivered_page_views", "delivered_plays")
FORMER_BATCH_TABLES = ("repaired_times",)
"""What versions before 6 had beside the staging and work tables of today."""

FIRST_WITH_STAGING_SCHEMA = 4
"""The version from which on staging and work tables are not in the warehouse's schema."""


def drop_table_queries(engine: str = "duckdb", version: int = WAREHOUSE_VERSION) -> list[str]:
    """The statements that drop everything, views first; of an older version what it had, too, where it had it."""
    views, tables = [qualified(engine, view) for view in VIEWS], [qualified(engine, table) for table in TABLES]
    if version < WAREHOUSE_VERSION:
        schema = STAGING_SCHEMAS.get(engine)
        is_apart = schema and version >= FIRST_WITH_STAGING_SCHEMA
        of_batch = f'"{schema}".' if is_apart else ""
        views += [f'{of_batch}"{view}"' for view in (*BATCH_VIEWS, *FORMER_BATCH_VIEWS)]
        tables += [f'{of_batch}"{table}"' for table in (*BATCH_TABLES, *FORMER_BATCH_TABLES)]
    return [
        *(f"drop view if exists {view}" for view in reversed(views)),
        *(f"drop table if exists {table}" for table in reversed(tables)),
    ]


def qualified(engine: str, name: str) -> str:
    """The quoted name of a table or view, with its schema where that is not the warehouse's own."""
    schema = STAGING_SCHEMAS.get(engine) if name in BATCH else None
    return f'"{schema}"."{name}"' if schema else f'"{name}"'
