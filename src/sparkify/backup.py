"""Export a whole warehouse: all that lasts, of this program's version or an older one, so that it can be made again."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from sparkify import history, migrations, program, sql_queries
from sparkify.engines.engine import Engine
from sparkify.engines.exports import Export
from sparkify.engines.whole_export import COLUMN_NAME, ExportedColumn, ExportedTable, Files, WholeExport
from sparkify.errors import ConfigError
from sparkify.progress import Progress

TYPES = {
    "bigint": "bigint",
    "integer": "integer",
    "double": "double precision",
    "double precision": "double precision",
    "timestamp": "timestamp",
    "timestamp without time zone": "timestamp",
}
"""The types of `sql/create`, by the names that engines have for them. Texts need more: their length."""

TEXT_TYPES = ("varchar", "character varying")

LONGEST_TEXT = 65_535
"""Bytes of the longest text that Redshift stores."""


def export(engine: Engine, target: str, progress: Progress, *, overwrite: bool) -> list[str]:
    """Write all that lasts below a folder or an address, inside the caller's snapshot; the names of the tables.

    Raises:
        ConfigError: the warehouse is of a version that cannot be exported; or as `Engine.export`.
        AccessError: the target cannot be written.
    """
    version = _require_exportable(engine)
    with progress.phase("count the rows of the warehouse"):
        tables = _tables(engine, version)
    exports = [Export(name, _select(name, table.columns), ()) for name, table in tables.items()]

    def manifest(files: Files) -> str:
        return WholeExport(version, {name: replace(table, files=files[name]) for name, table in tables.items()}).text()

    with progress.phase(f"export into {target}", len(exports)) as done:
        engine.export(exports, target, done, overwrite=overwrite, manifest=manifest)
    return [*tables]


def _require_exportable(engine: Engine) -> int:
    """The version of the warehouse, which must be one that `restore` can make again.

    Raises:
        ConfigError: it is too old or too new, or there is no warehouse.
    """
    version = history.require_tables(engine, history.version(engine))
    history.require_no_newer_version(engine, version)
    if version < migrations.FIRST_WITH_CATALOGUE:
        fix = f"run {program.command('create-tables')} first, which brings it up to date"
        raise ConfigError(f"{engine.address}: a warehouse of version {version} is not exported whole; {fix}")
    return version


def _tables(engine: Engine, version: int) -> dict[str, ExportedTable]:
    """The lasting tables of a warehouse, as yet without files."""
    found: dict[str, list[tuple[str, str, bool]]] = defaultdict(list)
    for table, column, kind, may_be_null in history.query(engine, "table_columns"):
        found[table].append((column, kind.lower(), may_be_null == "NO"))
    return {name: _table(engine, name, found[name]) for name in migrations.lasting_tables(version)}


def _table(engine: Engine, name: str, found: Sequence[tuple[str, str, bool]]) -> ExportedTable:
    """A table: its columns, with room for its longest texts, and how many rows it has.

    Raises:
        ConfigError: somebody has added a column to it that an export cannot name.
    """
    for column, kind, _ in found:
        if not COLUMN_NAME.fullmatch(column) or kind not in (*TYPES, *TEXT_TYPES):
            fix = "drop it, or keep it in a table of your own"
            raise ConfigError(f"{engine.address}: {name} has a column of another program, {column} ({kind}); {fix}")
    texts = [column for column, kind, _ in found if kind in TEXT_TYPES]
    longest = "".join(f', max({sql_queries.BYTE_LENGTH[engine.name]}("{column}"))' for column in texts)
    [(rows, *lengths)] = engine.query(f'select count(*){longest} from "{name}"')
    of_texts = {column: _text_type(name, column, length or 0) for column, length in zip(texts, lengths, strict=True)}
    columns = (
        ExportedColumn(column, of_texts.get(column) or TYPES[kind], required) for column, kind, required in found
    )
    return ExportedTable(tuple(columns), int(rows), {})


def _text_type(table: str, column: str, longest: int) -> str:
    """The type of a text: as long as it is declared, or as the longest one.

    DuckDB keeps no lengths, and an older warehouse may hold longer texts than are taken today.
    """
    declared = sql_queries.columns(table).get(column, f"varchar({LONGEST_TEXT})")
    length = int(declared.removeprefix("varchar(").removesuffix(")"))
    return f"varchar({max(length, longest)})"


def _select(table: str, columns: Sequence[ExportedColumn]) -> str:
    names = ", ".join(f'"{column.name}"' for column in columns)
    return f'select {names} from "{table}"'
