"""Write the file of the warehouse again, without what DuckDB keeps of deleted rows in it: it deletes no bytes."""

from __future__ import annotations

from pathlib import Path

from sparkify.engines.duckdb.connection import Connection
from sparkify.engines.duckdb.json_columns import identifier
from sparkify.engines.duckdb.new_files import attached, replace
from sparkify.engines.duckdb.private_folder import PrivateFolder
from sparkify.errors import AccessError, LoadError

NEW = '"the new file of the warehouse"'
"""The name of the new file's database while it is written."""


def rewrite(connection: Connection, path: Path) -> None:
    """Put a new file with all that the database holds, other people's tables too, in the place of the warehouse.

    Nobody else can open the former file while the connection has it, and a process that waits for it opens the new
    one. So the log is in the file already, and nothing may be written by the connection afterwards.

    Raises:
        AccessError: the file cannot be written.
    """
    try:
        [(name, tags)] = connection.query(
            "select database_name, tags from duckdb_databases() where database_name = current_database()"
        )
        version = tags["storage_version"].removesuffix("+")
        with PrivateFolder(path.resolve()) as folder, connection.progress.phase(f"write {path} again"):
            new = folder.new_file().with_suffix(".duckdb")
            with attached(connection, new, NEW, f"storage_version '{version}'"):
                connection.query(f"copy from database {identifier(name)} to {NEW}")
            replace(new, path)
    except (LoadError, OSError) as e:
        fix = "make room on the disk, and look at the rights of the file and its folder"
        raise AccessError(f"{path}: the file cannot be written again; {fix} ({e})") from e
