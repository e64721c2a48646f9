"""Make a warehouse of the export of a whole one, on either engine: all of it in one transaction."""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sparkify import history, migrations, program, sql_queries, tables, warehouse
from sparkify.config import Config
from sparkify.engines.engine import Engine
from sparkify.engines.whole_export import MANIFEST, ExportedFiles, ExportedTable, WholeExport, digest, parsed
from sparkify.errors import AccessError, ConfigError, LoadError
from sparkify.progress import Progress
from sparkify.store import ExportStore, Stores
from sparkify.store.folder import Folder

DECLARED = re.compile(rf"^    (\w+) (?:{sql_queries.TYPE})(?: not null)?([^\n,]*),?[ ]*$", re.MULTILINE)
"""A column in a statement of `sql/create` for an engine: its name, and the options that this engine has."""

ANOTHER_COPY = "take another copy of this export, or another export"
"""What to do about a damaged one."""


@dataclass(frozen=True)
class Restored:
    """What a warehouse was made of: where it is, the version of its export, and the rows of each table of that.

    `again` says what the next load does because the export was an older one, as the end of a sentence.
    """

    warehouse: str
    version: int
    rows: Mapping[str, int]
    again: str


@dataclass(frozen=True)
class Source:
    """An export of a whole warehouse, and where it lies."""

    store: ExportStore
    export: WholeExport

    def files(self, table: str) -> ExportedFiles:
        """The files of a table, by their names from the folder of the export."""
        return {f"{table}/{name}": file for name, file in self.export.tables[table].files.items()}


def run(config: Config, progress: Progress, location: str) -> Restored:
    """Make a warehouse of the export in a folder or at an address of S3.

    Raises:
        ConfigError: the export is of a version that this program does not know, or the warehouse is in use already.
        LoadError: the export is not whole, or damaged.
        AccessError: it cannot be read, or the warehouse cannot be opened.
    """
    source = _opened(location, config)
    with progress.phase("compare the files with the export's list"):
        _require_whole(source)
    with closing(warehouse.connect(config, progress, create=True)) as engine:
        with tables.changed_as_a_whole(engine, "the warehouse is imported") as committed:
            _restore(engine, config, source, progress)
            committed()
            engine.after_commit()
            again = migrations.what_is_read_again(engine, source.export.version)
            engine.after_run()
        rows = {name: table.rows for name, table in source.export.tables.items()}
        return Restored(engine.address, source.export.version, rows, again)


# ---------------------------------------------------------------- the export


def _opened(location: str, config: Config) -> Source:
    """The export at a location.

    Raises:
        ConfigError: there is none, or a newer program wrote it.
        LoadError: its list of files is damaged.
        AccessError: it cannot be read.
    """
    store: ExportStore
    if location.startswith("s3://"):
        store = Stores(config).open_s3(location.rstrip("/"))
        is_there = MANIFEST in store.sizes()
    elif "://" in location:
        raise ConfigError(f"{location}: an export is read from a folder, or from s3://bucket/prefix")
    else:
        folder = Path(location).expanduser().absolute()
        if not folder.is_dir():
            raise ConfigError(f"{location}: there is no such folder; name that of an export")
        store = Folder(str(folder), Path.cwd())
        is_there = (folder / MANIFEST).exists()
    if not is_there:
        fix = f"only what {program.command('export')} --whole has written to its end can be imported"
        raise ConfigError(f"{location}: this is no export of a whole warehouse, for {MANIFEST} is missing; {fix}")
    text = store.read(store.item(MANIFEST))
    if not text:
        raise LoadError(f"{location}: this export was not finished, or is being written; export again, or take another")
    try:
        export = parsed(text)
    except ConfigError as e:
        raise ConfigError(f"{location}: {e}") from e
    except ValueError as e:
        raise LoadError(f"{location}/{MANIFEST}: is damaged ({e}); {ANOTHER_COPY}") from e
    _require_known_version(location, export)
    return Source(store, export)


def _require_known_version(location: str, export: WholeExport) -> None:
    ours = sql_queries.WAREHOUSE_VERSION
    what = f"{location}: an export of a warehouse of version {export.version}, and this program is for {ours}"
    if export.version > ours:
        raise ConfigError(f"{what}; use a program that is as new as the one that wrote it")
    if export.version < migrations.FIRST_WITH_CATALOGUE:
        raise ConfigError(f"{what}, and imports from version {migrations.FIRST_WITH_CATALOGUE} on")
    if {*export.tables} != {*migrations.lasting_tables(export.version)}:
        raise LoadError(
            f"{location}/{MANIFEST}: is damaged, for it names other tables than such a warehouse has; {ANOTHER_COPY}"
        )


def _require_whole(source: Source) -> None:
    """Make sure that all files are there as they were exported; in S3, that they have their sizes.

    Raises:
        LoadError: one is missing, or another.
        AccessError: they cannot be read.
    """
    sizes = source.store.sizes()
    for table in source.export.tables:
        for name, file in source.files(table).items():
            where = f"{source.store.location}/{name}"
            if name not in sizes:
                raise LoadError(f"{where}: is missing, and so the export is not whole; {ANOTHER_COPY}")
            if sizes[name] != file.size:
                reason = f"has {sizes[name]:,} bytes, and was exported with {file.size:,}"
                raise LoadError(f"{where}: {reason}; {ANOTHER_COPY}")
            path = source.store.local_path(source.store.item(name))
            if path and file.sha256 not in ("", _digest(path)):
                raise LoadError(f"{where}: has other bytes than it was exported with; {ANOTHER_COPY}")


def _digest(path: Path) -> str:
    try:
        return digest(path)
    except OSError as e:
        raise AccessError(f"{path}: cannot be read ({e.strerror}); look at its rights, and at the disk") from e


# ---------------------------------------------------------------- the warehouse


def _restore(engine: Engine, config: Config, source: Source, progress: Progress) -> None:
    """Create the tables of an export, fill them, and bring them up to date, in one transaction."""
    export = source.export
    version = history.version(engine)
    if version is None:
        tables.require_no_others(engine)
    else:
        history.require_no_newer_version(engine, version)
    with engine.transaction():
        if version is not None:
            engine.lock()
            _require_no_rows(engine)
            tables.drop(engine, version)
        tables.execute(engine, (_create_statement(engine.name, name, table) for name, table in export.tables.items()))
        with progress.phase("import the tables", len(export.tables)) as done:
            for name, table in export.tables.items():
                _fill(engine, source, name, table)
                done(1)
        if history.version(engine) != export.version:
            raise LoadError(
                f"{source.store.location}/{MANIFEST}: is damaged, for it names version {export.version}, and the table "
                f"warehouse of the export another; {ANOTHER_COPY}"
            )
        with progress.phase("bring the tables up to date"):
            migrations.migrate(engine, config, export.version)
            tables.create_missing(engine)


def _require_no_rows(engine: Engine) -> None:
    """Make sure that a warehouse is empty, for an import takes its place.

    Raises:
        ConfigError: it is not.
    """
    kept = {*sql_queries.LASTING_TABLES} - {sql_queries.LOCK_TABLE, "warehouse"}
    for table in history.tables_named(engine, kept):
        if engine.query(f'select 1 from "{table}" limit 1'):
            afresh = f"empty it with {program.command('create-tables')} --drop"
            raise ConfigError(
                f"{engine.address}: holds a warehouse already, with rows in {table}; "
                f"set {tables.key_of_location(engine)}, or {afresh}"
            )


def _create_statement(engine: str, name: str, table: ExportedTable) -> str:
    """The statement that creates a table as `sql/create` does, but with the columns of the export.

    It fails where the table is there: another import may be making it.
    """
    [text] = sql_queries.statements_for(engine, "create", name)
    declared = [*DECLARED.finditer(text)]
    of_engine = {column[1]: column[2] for column in declared}
    columns = ",\n".join(
        f'    "{column.name}" {column.type}{" not null" if column.is_required else ""}{of_engine.get(column.name, "")}'
        for column in table.columns
    )
    return f'create table "{name}" (\n{columns}{text[declared[-1].end() :]}'


def _fill(engine: Engine, source: Source, name: str, table: ExportedTable) -> None:
    """Add the rows of a table.

    Raises:
        LoadError: its files hold another number of rows.
    """
    columns = [column.name for column in table.columns]
    rows = engine.insert_files(name, columns, source.store, source.files(name)) if table.files else 0
    if rows != table.rows:
        raise LoadError(
            f"{source.store.location}/{name}: the files have {rows:,} rows, and were exported with {table.rows:,}; "
            f"{ANOTHER_COPY}"
        )
