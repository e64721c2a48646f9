"""The configuration of a run: `dwh.cfg` and the environment, read once into frozen values.

The file keeps the sections and keys that the public solutions of this task use, so theirs work as they are. `keys.py`
declares the keys. The environment variable `DWH_<SECTION>_<KEY>` overrides a key. Relative paths count from the folder
of the path by which the file was named.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sparkify.config import keys
from sparkify.config.reading import Settings

SECRET_VARIABLES = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
"""Environment variables that AWS's own tools read, whose values no message shows."""


@dataclass(frozen=True)
class Store:
    """Where the JSON objects are, and how to get at them."""

    log_data: str
    log_jsonpath: str
    song_data: str
    region: str
    key: str = field(repr=False)
    secret: str = field(repr=False)


@dataclass(frozen=True)
class Cluster:
    """A warehouse in Redshift: where it is, how to log in, and as which role it reads S3.

    The login is by the user and the password, by those of the secret `secret_arn`, or else by IAM, for a provisioned
    cluster (`cluster_id`) or for Serverless (`workgroup`).
    `work` is the `s3://bucket/prefix` where files for COPY may be put; empty: there is none.
    """

    host: str
    port: int
    database: str
    schema: str
    user: str
    password: str = field(repr=False)
    secret_arn: str
    sslmode: str
    cluster_id: str
    workgroup: str
    role: str
    work: str

    @property
    def address(self) -> str:
        """Where the warehouse is, in words for a person."""
        return f"redshift://{self.host}:{self.port}/{self.database}/{self.schema}".rstrip("/")


@dataclass(frozen=True)
class Config:
    """All that a run needs to know. Sizes are in bytes, times in seconds. Without a cluster, the engine is DuckDB.

    `publish` is the copy of the DuckDB file for readers, `questions` the folder of the person's own questions, if there
    are to be any. `on_success` and `on_failure` are the commands after a load, empty where none is to be run; `secrets`
    are the texts that no message may show.
    """

    folder: Path
    store: Store
    cluster: Cluster | None
    duckdb_path: Path
    publish: Path | None
    memory_limit: int
    max_errors: int
    batch_size: int
    lock_timeout: float
    on_success: str
    on_failure: str
    questions: Path | None
    warnings: tuple[str, ...]
    secrets: tuple[str, ...] = field(repr=False)

    @property
    def warehouse(self) -> str:
        """Where the warehouse is, in words for a person."""
        return self.cluster.address if self.cluster else str(self.duckdb_path)

    @property
    def reads_prefixes(self) -> bool:
        """Whether the engine can only read everything below a prefix, and no single objects."""
        return self.cluster is not None and not self.cluster.work


def load(path: Path, environment: Mapping[str, str] = os.environ) -> Config:
    """Read the configuration file and the environment.

    Raises:
        ConfigError: the file or a value cannot be used; the text names file, key and what is accepted.
    """
    # The folder of the path that was named, for dwh.cfg itself may be a link to somewhere else.
    folder = Path(os.path.realpath(path.parent))
    settings = Settings(path, folder, environment)
    warnings = list(settings.warnings)
    if settings.text(keys.AWS_KEY):
        warnings.append("[AWS] KEY and SECRET are read from the file; a profile or a role is safer")
    store = _store(settings)
    secrets = [*settings.secrets, *(environment.get(variable, "") for variable in SECRET_VARIABLES)]
    return Config(
        folder=folder,
        store=store,
        cluster=_cluster(settings, store) if settings.text(keys.CLUSTER_HOST) else None,
        duckdb_path=folder / settings.value(keys.DUCKDB_PATH),
        publish=None if settings.text(keys.CLUSTER_HOST) else _publish(settings, folder),
        memory_limit=settings.value(keys.DUCKDB_MEMORY_LIMIT),
        max_errors=settings.value(keys.ETL_MAX_ERRORS),
        batch_size=settings.value(keys.ETL_BATCH_SIZE),
        lock_timeout=float(settings.value(keys.ETL_LOCK_TIMEOUT)),
        on_success=settings.value(keys.ETL_ON_SUCCESS),
        on_failure=settings.value(keys.ETL_ON_FAILURE),
        questions=folder / settings.value(keys.REPORT_QUESTIONS) if settings.text(keys.REPORT_QUESTIONS) else None,
        warnings=tuple(warnings),
        secrets=tuple(secret for secret in secrets if secret),
    )


def _publish(settings: Settings, folder: Path) -> Path | None:
    """The file of the copy for readers.

    Raises:
        ConfigError: it is the warehouse itself.
    """
    if not settings.text(keys.DUCKDB_PUBLISH):
        return None
    path = folder / settings.value(keys.DUCKDB_PUBLISH)
    if os.path.realpath(path) == os.path.realpath(folder / settings.value(keys.DUCKDB_PATH)):
        raise settings.refused(keys.DUCKDB_PUBLISH, "accepted is another file than [DUCKDB] PATH, the warehouse itself")
    return path


def _store(settings: Settings) -> Store:
    return Store(
        log_data=settings.value(keys.S3_LOG_DATA),
        log_jsonpath=settings.value(keys.S3_LOG_JSONPATH),
        song_data=settings.value(keys.S3_SONG_DATA),
        region=settings.value(keys.S3_REGION) or settings.value(keys.AWS_REGION),
        key=settings.value(keys.AWS_KEY),
        secret=settings.value(keys.AWS_SECRET),
    )


def _cluster(settings: Settings, store: Store) -> Cluster:
    work = settings.value(keys.S3_WORK)
    _require_s3(settings, store, work)
    cluster_id, workgroup = settings.value(keys.CLUSTER_CLUSTER_ID), settings.value(keys.CLUSTER_WORKGROUP)
    secret_arn = settings.value(keys.CLUSTER_DB_SECRET_ARN)
    if secret_arn and (settings.text(keys.CLUSTER_DB_USER) or settings.text(keys.CLUSTER_DB_PASSWORD)):
        fix = "a login is by this secret, or by DB_USER and DB_PASSWORD; remove the one or the others"
        raise settings.refused(keys.CLUSTER_DB_SECRET_ARN, fix)
    # A login by a secret or by IAM needs neither a user nor a password.
    login = settings.text if secret_arn or cluster_id or workgroup else settings.value
    return Cluster(
        host=settings.value(keys.CLUSTER_HOST),
        port=settings.value(keys.CLUSTER_DB_PORT),
        database=settings.value(keys.CLUSTER_DB_NAME),
        schema=settings.value(keys.CLUSTER_SCHEMA),
        user=login(keys.CLUSTER_DB_USER),
        password=login(keys.CLUSTER_DB_PASSWORD),
        secret_arn=secret_arn,
        sslmode=settings.value(keys.CLUSTER_SSLMODE),
        cluster_id=cluster_id,
        workgroup=workgroup,
        role=settings.value(keys.IAM_ROLE_ARN),
        work=work.rstrip("/"),
    )


def _require_s3(settings: Settings, store: Store, work: str) -> None:
    """Make sure that Redshift can reach everything, and that what it writes lies outside of the data.

    Raises:
        ConfigError: a location is a path, or WORK is the data or lies below it.
    """
    locations = {
        keys.S3_LOG_DATA: store.log_data,
        keys.S3_LOG_JSONPATH: store.log_jsonpath,
        keys.S3_SONG_DATA: store.song_data,
        keys.S3_WORK: work,
    }
    for key, location in locations.items():
        if not re.fullmatch(r"(s3://[^/]+/.+)?", location):
            fix = "accepted is an address as s3://my-bucket/prefix, for Redshift reads only S3"
            raise settings.refused(key, fix)
    for data in (store.log_data, store.song_data):
        if f"{work}/".startswith(f"{data.rstrip('/')}/"):
            raise settings.refused(keys.S3_WORK, "accepted is a prefix without data")
