"""Stage the records of a batch in DuckDB. Two ways lead to the same rows.

*By lines* (`by_lines.py`): the records of songs, of small logs and, in a careful reading, of all logs are judged one by
one in memory and inserted.

*By files* (`by_files.py`): large logs stay where they lie. DuckDB looks at each as raw lines, to count them and to find
what its JSON reader would let pass, and then reads it typed and in parallel. A file that looks odd there goes by lines.
"""

from __future__ import annotations

from sparkify import sql_queries
from sparkify.engines.duckdb.by_files import ByFiles
from sparkify.engines.duckdb.by_lines import ByLines
from sparkify.engines.duckdb.connection import Connection
from sparkify.engines.duckdb.json_columns import Columns
from sparkify.engines.duckdb.objects import Objects
from sparkify.engines.duckdb.private_folder import PrivateFolder
from sparkify.engines.engine import Source
from sparkify.engines.staged import BadRecordLimit, Staged
from sparkify.plan import KINDS, Batch
from sparkify.progress import Progress


def stage(
    connection: Connection,
    batch: Batch,
    source: Source,
    progress: Progress,
    *,
    careful: bool,
    limit: BadRecordLimit,
) -> Staged:
    """Stage the songs and the events of a batch; see `Engine.stage`."""
    for table in sql_queries.BATCH_TABLES:
        connection.execute(f"delete from {table}")
    staged = Staged(limit)
    with (
        progress.phase(f"batch {batch.number}: read and stage objects", len(batch)) as done,
        PrivateFolder(connection.path) as folder,
    ):
        for kind in KINDS:
            objects = Objects(source.stores[kind], batch.of(kind), folder, staged, done, copies=careful)
            by_lines = ByLines(connection, Columns(sql_queries.STAGING[kind], source.paths[kind]), staged)
            files = objects.files()
            if kind == "events" and not careful and by_lines.columns.is_flat:
                files = ByFiles(connection, by_lines, staged).stage(files)
            by_lines.stage_files(files)
            by_lines.stage(objects.contents(), careful=careful)
            by_lines.stage_files(objects.unpacked)
            objects.require_unchanged()
    staged.require_few_bad_records()
    return staged
