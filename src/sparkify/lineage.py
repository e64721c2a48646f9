"""Events of a run for a server of lineage, by the client of OpenLineage: START, then COMPLETE, FAIL or ABORT.

The client is an extra, and configured as its own documentation says: `OPENLINEAGE_URL`, `openlineage.yml` and others.
It works in a thread of its own, so that no server delays a load; what it cannot send is a warning.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from importlib.util import find_spec
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Any, Literal

from sparkify import __version__, dictionary, listing, sql_queries
from sparkify.config import Config
from sparkify.errors import InterruptError, SparkifyError
from sparkify.progress import Progress

if TYPE_CHECKING:
    from openlineage.client.event_v2 import InputDataset, OutputDataset, Run, RunEvent
    from openlineage.client.naming.dataset import DatasetNaming

TIMEOUT = 10.0
"""Seconds to wait, when the load has ended, for the server to take the events."""

CONFIGURATION_FILES = ("openlineage.yml", "~/.openlineage/openlineage.yml")
"""Where the client looks for its configuration, beside the variables that begin with OPENLINEAGE_."""

INSERTED = {"songplays": "plays", "page_views": "page_views"}
"""By table whose inserted rows a run counts, the field of `etl --json` with their number, `new`."""


@dataclass(frozen=True)
class Moment:
    """The beginning or the end of a run. A run that ended well has `fields`, those of `etl --json`."""

    state: Literal["START", "COMPLETE", "FAIL", "ABORT"]
    error: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    time: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="milliseconds"))


class Sender:
    """Sends the events of one run, if the client of OpenLineage is configured and installed."""

    def __init__(self, config: Config, progress: Progress, since: date | None = None) -> None:
        """Send that a run begins, with `since` one that lists only logs."""
        self._config = config
        self._inputs = [*listing.locations(config, since).values()]
        self._progress = progress
        self._moments: SimpleQueue[Moment | None] = SimpleQueue()
        self._messages = _Messages()
        self._thread: Thread | None = None
        if not _is_configured():
            return
        if not find_spec("openlineage"):
            progress.say("OpenLineage is configured, and its client is missing: pip install 'sparkify[openlineage]'")
            return
        self._thread = Thread(target=self._send_all, daemon=True)
        self._thread.start()
        self._moments.put(Moment("START"))

    def end(self, fault: SparkifyError | None, fields: Mapping[str, Any]) -> None:
        """Send how the run ended, and wait a bounded time for the server."""
        if not self._thread:
            return
        if fault:
            # The lines for the table `runs`: they quote no record, which may be of a user who is forgotten.
            error = self._progress.without_secrets("\n".join(fault.recorded))
            self._moments.put(Moment("ABORT" if isinstance(fault, InterruptError) else "FAIL", error))
        else:
            self._moments.put(Moment("COMPLETE", fields=fields))
        self._moments.put(None)
        problem = f"the server did not take all events within {TIMEOUT:g} seconds"
        try:
            self._thread.join(TIMEOUT)
        except KeyboardInterrupt:
            problem = "interrupted before the server took all events"
        self._messages.narrate(self._progress)
        if self._thread.is_alive():
            self._progress.warn(f"OpenLineage: {problem}; this changes nothing of the load")

    def _send_all(self) -> None:
        """Send an event for each moment, in the thread."""
        logger = logging.getLogger("openlineage")
        logger.addHandler(self._messages)
        # The transport `console` writes events as messages of this level.
        logging.getLogger("openlineage.client.transport.console").setLevel(logging.INFO)
        try:
            from openlineage.client import OpenLineageClient, event_v2
            from openlineage.client.uuid import generate_new_uuid

            event_v2.set_producer(f"pkg:generic/sparkify@{__version__}")
            client = OpenLineageClient()
            run_id = str(generate_new_uuid())
            while moment := self._moments.get():
                try:
                    client.emit(_event(self._config, self._inputs, run_id, moment))
                except Exception as e:  # any transport, a class of the user's too, may raise anything
                    logger.warning("%s was not sent: %s", moment.state, e)
            client.close(TIMEOUT)
        except Exception as e:  # the same of its configuration
            logger.warning("the client cannot be used: %s: %s", type(e).__name__, e)
        finally:
            logger.removeHandler(self._messages)


class _Messages(logging.Handler):
    """Keeps what the client logs in its thread, until the main thread narrates it."""

    def __init__(self) -> None:
        super().__init__()
        self._records: SimpleQueue[logging.LogRecord] = SimpleQueue()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a message."""
        self._records.put(record)

    def narrate(self, progress: Progress) -> None:
        """Narrate the messages so far; what the client warns of is a warning of the load."""
        while not self._records.empty():
            record = self._records.get()
            tell = progress.warn if record.levelno >= logging.WARNING else progress.say
            tell(f"OpenLineage: {record.getMessage()}")


def _is_configured() -> bool:
    """Whether there is a trace of a configuration. Only the client can tell what it says, and takes long to import."""
    variables = (name for name in os.environ if name.startswith("OPENLINEAGE_") and name != "OPENLINEAGE_DISABLED")
    # Unlike Path's, these functions do not raise where there is no home, or where it may not be searched.
    return any(variables) or any(os.path.isfile(os.path.expanduser(name)) for name in CONFIGURATION_FILES)


# ---------------------------------------------------------------- what an event says


def _event(config: Config, inputs: Sequence[str], run_id: str, moment: Moment) -> RunEvent:
    from openlineage.client import constants, event_v2
    from openlineage.client.facet_v2 import documentation_job, job_type_job

    job = event_v2.Job(
        # The variable of OpenLineage's integrations for the namespace of jobs.
        namespace=os.environ.get("OPENLINEAGE_NAMESPACE") or constants.DEFAULT_NAMESPACE_NAME,
        name="sparkify.etl",
        facets={
            "documentation": documentation_job.DocumentationJobFacet("Loads what is new into the warehouse."),
            "jobType": job_type_job.JobTypeJobFacet("BATCH", "SPARKIFY", "JOB"),
        },
    )
    return event_v2.RunEvent(
        eventTime=moment.time,
        eventType=event_v2.RunState(moment.state),
        run=_run(run_id, moment.error),
        job=job,
        inputs=[_input(config, location) for location in inputs],
        outputs=[_output(config, table, moment.fields) for table in sql_queries.names("export")],
    )


def _run(run_id: str, error: str) -> Run:
    from openlineage.client.event_v2 import Run
    from openlineage.client.facet_v2 import error_message_run, processing_engine_run

    run = Run(run_id, {"processing_engine": processing_engine_run.ProcessingEngineRunFacet(__version__, "Sparkify")})
    if error and run.facets is not None:
        run.facets["errorMessage"] = error_message_run.ErrorMessageRunFacet(error, "PYTHON")
    return run


def _input(config: Config, location: str) -> InputDataset:
    """A prefix of objects."""
    from openlineage.client.event_v2 import InputDataset
    from openlineage.client.naming.dataset import S3, LocalFileSystem

    if location.startswith("s3://"):
        bucket, _, prefix = location.removeprefix("s3://").partition("/")
        naming: DatasetNaming = S3(bucket, prefix.strip("/") or "/")
    else:
        naming = LocalFileSystem(os.path.abspath(config.folder / Path(location).expanduser()))
    return InputDataset(naming.get_namespace(), naming.get_name())


def _output(config: Config, name: str, fields: Mapping[str, Any]) -> OutputDataset:
    """A table of the star schema, and how many rows a run inserted, if that was counted."""
    from openlineage.client.event_v2 import OutputDataset
    from openlineage.client.facet_v2 import documentation_dataset, output_statistics_output_dataset, schema_dataset

    table = dictionary.table(name)
    columns = [
        schema_dataset.SchemaDatasetFacetFields(column.name, column.type, column.description, number)
        for number, column in enumerate(table.columns, 1)
    ]
    dataset = OutputDataset(
        *_table_name(config, name),
        facets={
            "documentation": documentation_dataset.DocumentationDatasetFacet(table.comment),
            "schema": schema_dataset.SchemaDatasetFacet(columns),
        },
    )
    if fields and name in INSERTED and dataset.outputFacets is not None:
        rows = fields[INSERTED[name]]["new"]
        statistics = output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(rowCount=rows)
        dataset.outputFacets["outputStatistics"] = statistics
    return dataset


def _table_name(config: Config, table: str) -> tuple[str, str]:
    """The namespace and the name of a table (https://openlineage.io/docs/spec/naming).

    DuckDB is not in the specification, and is named as OpenLineage's integration of dbt names it, which joins what
    loads a file with the models on it. A host of Redshift that has another name than AWS gives is named as it is.
    """
    if not (cluster := config.cluster):
        return f"duckdb://{config.duckdb_path}", f"{config.duckdb_path.stem}.main.{table}"
    name = f"{cluster.database}.{cluster.schema or 'public'}.{table}"
    labels = cluster.host.split(".")  # cluster.hash.region.redshift.amazonaws.com
    authority = f"{labels[0]}.{labels[2]}" if "amazonaws" in labels[4:] else cluster.host
    return f"redshift://{authority}:{cluster.port}", name
