"""Which buckets a COPY may read together: one REGION counts for the manifest, what that lists, and the JSONPaths."""

from __future__ import annotations

from sparkify.engines.redshift.connection import Connection
from sparkify.engines.redshift.work import Work
from sparkify.errors import ConfigError


def are_near(connection: Connection, one: str, other: str) -> bool:
    """Whether the buckets of two addresses lie in one region, as far as it is known."""
    return len({connection.stores.region(one), connection.stores.region(other)} - {""}) < 2


def jsonpaths_near(connection: Connection, work: Work | None, source: str) -> str:
    """The address of the JSONPaths file in the region of what COPY reads: the file itself, or a copy of it in WORK.

    Raises:
        AccessError: the file cannot be read, or WORK not be written.
        ConfigError: it lies in another region, and there is no WORK in that of the source.
    """
    location = connection.config.store.log_jsonpath
    if are_near(connection, location, source):
        return location
    if work and are_near(connection, work.location, source):
        return work.write("jsonpaths.json", connection.stores.read_one(location)[1])
    here, there = connection.stores.region(location), connection.stores.region(source)
    fix = f"put the file into a bucket in {there}, or name a WORK there"
    raise ConfigError(
        f"[S3] LOG_JSONPATH: COPY reads it and the logs in one region, and they lie in {here} and {there}; {fix}"
    )
