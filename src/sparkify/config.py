"""`dwh.cfg` and the environment, read once into frozen values.

The file keeps the sections and keys that the public solutions of this task use, so theirs work as they are. The
environment variable `DWH_<SECTION>_<KEY>` overrides a key. Relative paths count from the file's own folder.
"""

from __future__ import annotations

import configparser
import difflib
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from sparkify.errors import ConfigError


@dataclass(frozen=True)
class Key:
    """A key of `dwh.cfg`: what it means, and its value when it is not set, or in words what happens then."""

    meaning: str
    default: str = ""
    without: str = ""


KEYS: dict[str, dict[str, Key]] = {
    "S3": {
        "LOG_DATA": Key(
            "the logs: `s3://bucket/prefix`, or a folder; below it `.json`, `.json.gz` and `.json.zst` are data",
            without="required",
        ),
        "LOG_JSONPATH": Key(
            "the JSONPaths file: its n-th path fills the n-th column of `staging_events`", without="required"
        ),
        "SONG_DATA": Key("the song files, as for `LOG_DATA`", without="required"),
        "REGION": Key("the region of the buckets", without="as AWS's tools find it, then us-east-1"),
        "WORK": Key(
            "`s3://bucket/prefix` where manifests and joined files for Redshift may be written",
            without="Redshift reads whole prefixes",
        ),
    },
    "DUCKDB": {
        "PATH": Key("the warehouse file", "sparkify.duckdb"),
        "MEMORY_LIMIT": Key("memory that DuckDB may use before it works on disk", "800 MB"),
    },
    "ETL": {
        "MAX_ERRORS": Key("bad records that a run sets aside in `rejected_records` before one more stops it", "0"),
        "BATCH_SIZE": Key("how much JSON one transaction loads: a crash costs at most one", "4 GB"),
        "LOCK_TIMEOUT": Key("seconds to wait for another process that holds the warehouse", "60"),
    },
    "CLUSTER": {
        "HOST": Key("the host of Amazon Redshift, which then holds the warehouse", without="DuckDB holds it"),
        "DB_PORT": Key("the port of that host", "5439"),
        "DB_NAME": Key("the database of the warehouse", without="required with `HOST`"),
        "SCHEMA": Key("the schema of the tables", without="that of the login, `public`"),
        "DB_USER": Key("the user who logs in", without="required with `HOST`, but for a login by IAM"),
        "DB_PASSWORD": Key("the user's password", without="required with `HOST`, but for a login by IAM"),
        "WORKGROUP": Key("logs in by IAM, to this workgroup of Redshift Serverless", without="by password"),
        "CLUSTER_ID": Key("logs in by IAM, to this provisioned cluster", without="by password"),
        "SSLMODE": Key("`verify-full`, `verify-ca` or `disable`", "verify-full"),
    },
    "IAM_ROLE": {
        "ARN": Key("Redshift's role for reading S3 and writing exports", without="required with `[CLUSTER] HOST`"),
    },
    "AWS": {
        "KEY": Key("a key for S3 in the file; a profile or a role is safer", without="as AWS's tools find it"),
        "SECRET": Key("the secret of that key", without="as AWS's tools find it"),
        "REGION": Key("the region, where `[S3] REGION` is not set", without="as for `[S3] REGION`"),
    },
}
"""The keys that the program reads, by their section."""

CREATES_A_CLUSTER = (
    {"CLUSTER", "IAM_ROLE", "AWS"},
    re.compile(
        r"(DWH_|CLUSTER_|NODE_|NUM_|DB_|IAM_|ROLE_|POLICY_|TRUST_)*"
        r"(TYPE|NODES|IDENTIFIER|REGION|SCHEMA|NAME|POLICY|ARN|DESCRIPTION|DB|USER|PASSWORD|PORT)"
    ),
)
"""Sections and keys with which public solutions create a cluster or a role: not ours to read, and no mistake."""

ENVIRONMENT_PREFIX = "DWH_"


@dataclass(frozen=True)
class Store:
    """Where the JSON objects are, and how to get at them."""

    log_data: str
    log_jsonpath: str
    song_data: str
    region: str
    key: str
    secret: str


@dataclass(frozen=True)
class Cluster:
    """A warehouse in Redshift: where it is, how to log in, and as which role it reads S3.

    Without a password the login is by IAM, for a provisioned cluster (`cluster_id`) or for Serverless (`workgroup`).
    `work` is the `s3://bucket/prefix` where files for COPY may be put; empty: there is none.
    """

    host: str
    port: int
    database: str
    schema: str
    user: str
    password: str
    sslmode: str
    cluster_id: str
    workgroup: str
    role: str
    work: str


@dataclass(frozen=True)
class Config:
    """All that a run needs to know. Sizes are in bytes, times in seconds. Without a cluster, the engine is DuckDB."""

    folder: Path
    store: Store
    cluster: Cluster | None
    duckdb_path: Path
    memory_limit: int
    max_errors: int
    batch_size: int
    lock_timeout: float
    warnings: tuple[str, ...]

    @property
    def reads_prefixes(self) -> bool:
        """Whether the engine can only read all that lies below a prefix, and not the objects that it is told."""
        return self.cluster is not None and not self.cluster.work


def load(path: Path, environment: Mapping[str, str] = os.environ) -> Config:
    """Read the configuration file and the environment.

    Raises:
        ConfigError: the file or a value cannot be used; the text names file, key and what is accepted.
    """
    settings = _Settings(path)
    settings.read_file()
    settings.read_environment(environment)
    value, warnings = settings.value, settings.warnings
    if value("AWS", "KEY"):
        warnings.append("[AWS] KEY and SECRET are used as they stand in the file; a profile or a role is safer")
    folder = path.resolve().parent
    return Config(
        folder=folder,
        store=Store(
            log_data=settings.required("S3", "LOG_DATA", "s3://my-bucket/log_data"),
            log_jsonpath=settings.required("S3", "LOG_JSONPATH", "s3://my-bucket/log_json_path.json"),
            song_data=settings.required("S3", "SONG_DATA", "s3://my-bucket/song_data"),
            region=value("S3", "REGION") or value("AWS", "REGION"),
            key=value("AWS", "KEY"),
            secret=value("AWS", "SECRET"),
        ),
        cluster=_cluster(settings) if value("CLUSTER", "HOST") else None,
        duckdb_path=folder / Path(settings.or_default("DUCKDB", "PATH")).expanduser(),
        memory_limit=settings.size("DUCKDB", "MEMORY_LIMIT"),
        max_errors=settings.whole_number("ETL", "MAX_ERRORS"),
        batch_size=settings.size("ETL", "BATCH_SIZE"),
        lock_timeout=float(settings.whole_number("ETL", "LOCK_TIMEOUT")),
        warnings=tuple(warnings),
    )


def _cluster(settings: _Settings) -> Cluster:
    value = settings.value
    for key in ("LOG_DATA", "LOG_JSONPATH", "SONG_DATA", "WORK"):
        settings.check(
            "S3", key, r"(s3://[^/]+/.+)?", "an address as s3://my-bucket/prefix, for Redshift reads only S3"
        )
    settings.check("S3", "WORK", _outside(value("S3", "LOG_DATA"), value("S3", "SONG_DATA")), "a prefix without data")
    by_iam = value("CLUSTER", "CLUSTER_ID") or value("CLUSTER", "WORKGROUP")
    if not by_iam:
        settings.required("CLUSTER", "DB_PASSWORD", "a password, or set CLUSTER_ID or WORKGROUP to log in by IAM")
    return Cluster(
        host=value("CLUSTER", "HOST"),
        port=settings.whole_number("CLUSTER", "DB_PORT"),
        database=settings.required("CLUSTER", "DB_NAME", "dev"),
        schema=settings.check("CLUSTER", "SCHEMA", r"([a-z_][a-z0-9_]*)?", "a name of small letters, digits and _"),
        user=value("CLUSTER", "DB_USER") if by_iam else settings.required("CLUSTER", "DB_USER", "awsuser"),
        password=value("CLUSTER", "DB_PASSWORD"),
        sslmode=settings.one_of("CLUSTER", "SSLMODE", ("verify-full", "verify-ca", "disable")),
        cluster_id=value("CLUSTER", "CLUSTER_ID"),
        workgroup=value("CLUSTER", "WORKGROUP"),
        role=settings.check(
            "IAM_ROLE", "ARN", r"arn:aws[a-z-]*:iam::\d{12}:role/.+", "arn:aws:iam::123456789012:role/NAME"
        ),
        work=value("S3", "WORK").rstrip("/"),
    )


def _outside(*prefixes: str) -> str:
    """A pattern of addresses that are none of the prefixes and lie below none of them."""
    return "".join(rf"(?!{re.escape(prefix.rstrip('/'))}(/|$))" for prefix in prefixes) + ".*"


class _Settings:
    """The text of every key, and where it stands."""

    def __init__(self, path: Path) -> None:
        self.warnings: list[str] = []
        self._path = path
        self._texts: dict[tuple[str, str], str] = {}
        self._variables: dict[tuple[str, str], str] = {}

    def read_file(self) -> None:
        """Take the keys of the file."""
        parser = _parsed(self._path)
        if foreign := [f"[{name}]" for name in parser.sections() if name.strip().upper() not in KEYS]:
            self.warnings.append(f"{self._path}: not ours and not read: {', '.join(foreign)}")
        sections, keys = CREATES_A_CLUSTER
        for name in parser.sections():
            section = name.strip().upper()
            for option, text in parser.items(name) if section in KEYS else ():
                key = option.upper()
                if key in KEYS[section]:
                    self._texts[section, key] = _unquote(text)
                elif section not in sections or not keys.fullmatch(key):
                    fix = _nearest(key, KEYS[section])
                    raise ConfigError(f"{self._path}: [{section}] {key} is not a key we know; {fix}")

    def read_environment(self, environment: Mapping[str, str]) -> None:
        """Take the variables that override a key; warn of those that look like one."""
        variables = {f"{ENVIRONMENT_PREFIX}{s}_{k}": (s, k) for s, keys in KEYS.items() for k in keys}
        for variable, text in environment.items():
            if variable in variables:
                self._texts[variables[variable]] = _unquote(text)
                self._variables[variables[variable]] = variable
            elif variable.startswith(ENVIRONMENT_PREFIX) and (
                close := difflib.get_close_matches(variable, variables, n=1, cutoff=0.85)
            ):
                self.warnings.append(f"the environment variable {variable} is not read; did you mean {close[0]}?")

    def value(self, section: str, key: str) -> str:
        """The text of a key; empty when it is not set."""
        return self._texts.get((section, key), "")

    def required(self, section: str, key: str, example: str) -> str:
        """The text of a key that must be set."""
        if not (text := self.value(section, key)):
            raise ConfigError(f"{self._place(section, key)} is not set; give it a value such as {example}")
        return text

    def check(self, section: str, key: str, pattern: str, accepted: str) -> str:
        """The text of a key that must match a pattern."""
        if not re.fullmatch(pattern, text := self.value(section, key)):
            raise ConfigError(f"{self._place(section, key)} = {text}: accepted is {accepted}")
        return text

    def or_default(self, section: str, key: str) -> str:
        """The text of a key, or its default when it is not set."""
        return self.value(section, key) or KEYS[section][key].default

    def one_of(self, section: str, key: str, accepted: tuple[str, ...]) -> str:
        """The value of a key that names one of a few."""
        text = self.or_default(section, key)
        if text not in accepted:
            raise ConfigError(f"{self._place(section, key)} = {text}: accepted are {', '.join(accepted)}")
        return text

    def whole_number(self, section: str, key: str) -> int:
        """The value of a key that counts."""
        text = self.or_default(section, key)
        if not (text.isascii() and text.isdecimal()):
            raise ConfigError(f"{self._place(section, key)} = {text}: a whole number from 0 on is accepted")
        return int(text)

    def size(self, section: str, key: str) -> int:
        """The value of a key that is a size, in bytes."""
        text = self.or_default(section, key)
        units = {"": 1, "B": 1, "KB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000}
        match = re.fullmatch(r"([0-9]+)\s*([A-Z]*)", text.upper())
        if not match or match[2] not in units or int(match[1]) == 0:
            raise ConfigError(f"{self._place(section, key)} = {text}: a size such as 512 MB or 1 GB is accepted")
        return int(match[1]) * units[match[2]]

    def _place(self, section: str, key: str) -> str:
        variable = self._variables.get((section, key))
        return f"the environment variable {variable}" if variable else f"{self._path}: [{section}] {key}"


def _parsed(path: Path) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser()
    try:
        parser.read_string(path.read_text(encoding="utf-8-sig"), source=str(path))
    except FileNotFoundError as e:
        raise ConfigError(f"{path}: there is no such file; name the configuration with --config FILE") from e
    except (OSError, UnicodeDecodeError) as e:
        raise ConfigError(f"{path}: the configuration cannot be read: {e}") from e
    except configparser.Error as e:
        reason = " ".join(str(e).split())
        raise ConfigError(f"{path}: {reason}; lines are `[SECTION]`, `KEY = value` or `# comment`") from e
    return parser


def _unquote(text: str) -> str:
    text = text.strip()
    return text[1:-1].strip() if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text


def _nearest(key: str, keys: Iterable[str]) -> str:
    close = difflib.get_close_matches(key, keys, n=1, cutoff=0.0)
    return f"did you mean {close[0]}? Accepted are {', '.join(keys)}"
