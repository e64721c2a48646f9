"""The keys of `dwh.cfg`, each declared once: its section and name, its meaning, its kind, its default."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import Any, Generic, TypeVar

from sparkify.config.locations import FOLDER, JSONPATHS, PREFIX
from sparkify.config.values import (
    ACCESS_KEY,
    COMMAND,
    FILE,
    LOCAL_FOLDER,
    SECRET,
    SIZE,
    TEXT,
    Kind,
    matching,
    one_of,
    whole_number,
)

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Key(Generic[T]):
    """A key of `dwh.cfg`.

    `default` is the text that counts where the key is not set, and `without` says in words what happens there. A key
    with an `example` must be set; a message suggests the example.
    """

    section: str
    name: str
    meaning: str
    kind: Kind[T]
    default: str = ""
    without: str = ""
    example: str = ""

    def __str__(self) -> str:
        return f"[{self.section}] {self.name}"

    @property
    def variable(self) -> str:
        """The environment variable that overrides the key."""
        return f"{ENVIRONMENT_PREFIX}{self.section}_{self.name}"


ENVIRONMENT_PREFIX = "DWH_"

LONGEST_TIMEOUT = 2_000_000
"""Seconds, 23 days: more than anybody waits."""

A_SECRET = "arn:aws:secretsmanager:us-west-2:123456789012:secret:NAME"

A_ROLE = "arn:aws:iam::123456789012:role/NAME"

# The constant of a key is called like its environment variable, without DWH_.

S3_LOG_DATA = Key(
    "S3",
    "LOG_DATA",
    "the logs; below it `.json`, `.jsonl` and `.ndjson` are data, also packed as `.gz` or `.zst`",
    FOLDER,
    without="required",
    example="s3://my-bucket/log_data",
)
S3_LOG_JSONPATH = Key(
    "S3",
    "LOG_JSONPATH",
    "the JSONPaths file: its n-th path fills the n-th column of `staging_events`",
    JSONPATHS,
    without="required",
    example="s3://my-bucket/log_json_path.json",
)
S3_SONG_DATA = Key(
    "S3",
    "SONG_DATA",
    "the song files, with the same endings",
    FOLDER,
    without="required",
    example="s3://my-bucket/song_data",
)
S3_REGION = Key(
    "S3",
    "REGION",
    "the region of the buckets; COPY names the one that S3 reports for each bucket, and this where S3 reports none",
    TEXT,
    without="as AWS_REGION, AWS_DEFAULT_REGION or the profile says, then the bucket's own",
)
S3_WORK = Key(
    "S3",
    "WORK",
    "where manifests and joined files for Redshift may be written",
    PREFIX,
    without="Redshift reads whole prefixes",
)

DUCKDB_PATH = Key("DUCKDB", "PATH", "the warehouse file", FILE, default="sparkify.duckdb")
DUCKDB_PUBLISH = Key(
    "DUCKDB",
    "PUBLISH",
    "a copy of the warehouse for readers, replaced as a whole after each run that changed something",
    FILE,
    without="readers and loads wait for each other",
)
DUCKDB_MEMORY_LIMIT = Key(
    "DUCKDB",
    "MEMORY_LIMIT",
    "memory that DuckDB may use before it works on disk; it works with a processor for each 100 MB at most",
    SIZE,
    default="800 MB",
)

ETL_MAX_ERRORS = Key(
    "ETL",
    "MAX_ERRORS",
    "bad records that a run sets aside in `rejected_records` before one more stops it",
    whole_number(),
    default="0",
)
ETL_BATCH_SIZE = Key(
    "ETL", "BATCH_SIZE", "how much JSON one transaction loads: a crash costs at most one", SIZE, default="4 GB"
)
ETL_LOCK_TIMEOUT = Key(
    "ETL",
    "LOCK_TIMEOUT",
    "seconds to wait for another process that holds the warehouse",
    whole_number(LONGEST_TIMEOUT),
    default="60",
)
ETL_ON_SUCCESS = Key(
    "ETL",
    "ON_SUCCESS",
    "what `sh` runs after each `etl` that went well, with the object of `etl --json` on stdin; 60 seconds at most",
    COMMAND,
    without="nothing is run",
)
ETL_ON_FAILURE = Key(
    "ETL",
    "ON_FAILURE",
    "the same after each `etl` that did not, also when it was interrupted",
    COMMAND,
    without="nothing is run",
)

REPORT_QUESTIONS = Key(
    "REPORT",
    "QUESTIONS",
    "a folder of SQL files, each a question of your own that `query` lists and answers by its name",
    LOCAL_FOLDER,
    without="`query` has the questions that ship",
)

CLUSTER_HOST = Key(
    "CLUSTER",
    "HOST",
    "the host of Amazon Redshift, which then holds the warehouse",
    matching(
        r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+|\[[0-9A-Fa-f:.]+\]",
        "the name or the IP address of a host",
        "accepted is the name of a host alone; its port, database and user have keys of their own",
    ),
    without="DuckDB holds it",
)
CLUSTER_DB_PORT = Key("CLUSTER", "DB_PORT", "the port of that host", whole_number(65_535), default="5439")
CLUSTER_DB_NAME = Key(
    "CLUSTER", "DB_NAME", "the database of the warehouse", TEXT, without="required with `HOST`", example="dev"
)
CLUSTER_SCHEMA = Key(
    "CLUSTER",
    "SCHEMA",
    "the schema of the tables",
    matching("([a-z_][a-z0-9_]*)?", "a name of small letters, digits and `_`"),
    without="that of the login, `public`",
)
CLUSTER_DB_USER = Key(
    "CLUSTER",
    "DB_USER",
    "the user who logs in",
    TEXT,
    without="required with `HOST`, but for a login by IAM or by a secret",
    example="awsuser",
)
CLUSTER_DB_PASSWORD = Key(
    "CLUSTER",
    "DB_PASSWORD",
    "the user's password",
    SECRET,
    without="required with `HOST`, but for a login by IAM or by a secret",
    example="a password, or set CLUSTER_ID or WORKGROUP to log in by IAM, or DB_SECRET_ARN",
)
CLUSTER_DB_SECRET_ARN = Key(
    "CLUSTER",
    "DB_SECRET_ARN",
    "a secret in AWS Secrets Manager, read at each login: its `username` and `password` are those who log in",
    matching(r"(arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:.+)?", f"`{A_SECRET}`"),
    without="by `DB_USER` and `DB_PASSWORD`, or by IAM",
)
CLUSTER_WORKGROUP = Key(
    "CLUSTER", "WORKGROUP", "logs in by IAM, to this workgroup of Redshift Serverless", TEXT, without="by password"
)
CLUSTER_CLUSTER_ID = Key(
    "CLUSTER", "CLUSTER_ID", "logs in by IAM, to this provisioned cluster", TEXT, without="by password"
)
CLUSTER_SSLMODE = Key(
    "CLUSTER",
    "SSLMODE",
    "how the host's certificate is checked: with its name, without it, or not at all and without encryption",
    one_of("verify-full", "verify-ca", "disable"),
    default="verify-full",
)

IAM_ROLE_ARN = Key(
    "IAM_ROLE",
    "ARN",
    "Redshift's role for reading S3 and writing exports",
    matching(r"arn:aws[a-z-]*:iam::\d{12}:role/.+", f"`{A_ROLE}`"),
    without="required with `[CLUSTER] HOST`",
    example=A_ROLE,
)

AWS_KEY = Key(
    "AWS",
    "KEY",
    "an access key for S3 in the file; a profile or a role is safer",
    ACCESS_KEY,
    without="as AWS's tools find it",
)
AWS_SECRET = Key("AWS", "SECRET", "the secret of that key", SECRET, without="as AWS's tools find it")
AWS_REGION = Key("AWS", "REGION", "the region, where `[S3] REGION` is not set", TEXT, without="as for `[S3] REGION`")

ALL: tuple[Key[Any], ...] = tuple(constant for constant in globals().values() if isinstance(constant, Key))

KEYS = {section: {key.name: key for key in keys} for section, keys in groupby(ALL, lambda key: key.section)}
"""The keys by their section and name."""
