"""`dwh.cfg` and the environment, read once into frozen values.

The file keeps the sections and keys that the public solutions of this task use, so theirs work as they are. The
environment variable `DWH_<SECTION>_<KEY>` overrides a key. Relative paths count from the folder of the path by which
the file was named. No message shows a line of the file or the value of a secret.
"""

from __future__ import annotations

import difflib
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from sparkify.errors import ConfigError

if TYPE_CHECKING:
    from configparser import RawConfigParser


@dataclass(frozen=True)
class Key:
    """A key of `dwh.cfg`: what it means, and its value when it is not set, or in words what happens then."""

    meaning: str
    default: str = ""
    without: str = ""


KEYS: dict[str, dict[str, Key]] = {
    "S3": {
        "LOG_DATA": Key(
            "the logs: `s3://bucket/prefix` (or `s3a`, `s3n`), or a folder; below it `.json`, `.jsonl` and `.ndjson`"
            " are data, also packed as `.gz` or `.zst`",
            without="required",
        ),
        "LOG_JSONPATH": Key(
            "the JSONPaths file: its n-th path fills the n-th column of `staging_events`", without="required"
        ),
        "SONG_DATA": Key("the song files, as for `LOG_DATA`", without="required"),
        "REGION": Key(
            "the region of the buckets",
            without="as AWS_REGION, AWS_DEFAULT_REGION or the profile says, then the bucket's own",
        ),
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

SECRETS = {("CLUSTER", "DB_PASSWORD"), ("AWS", "SECRET"), ("AWS", "KEY")}
"""The keys whose values no message shows. The last one is only half of a secret, and its file needs no protection."""

SECRET_VARIABLES = ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
"""Environment variables that AWS's own tools read, whose values no message shows."""

LARGEST_FILE = 1_000_000
"""Bytes that are read of a configuration; a larger file is none."""

LARGEST_NUMBER = 10**18
"""Every number of the configuration is smaller, so that each engine can count with it."""

LONGEST_TIMEOUT = 2_000_000
"""Seconds; Redshift takes a timeout in milliseconds, as a number of 32 bits."""

LINES_ARE = "lines are `[SECTION]`, `KEY = value` or `# comment`"

COMMENT = re.compile(r"\s[#;]")
"""Where a comment begins behind a value."""

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
    key: str = field(repr=False)
    secret: str = field(repr=False)


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
    password: str = field(repr=False)
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

    `secrets` are the texts that no message may show.
    """

    folder: Path
    store: Store
    cluster: Cluster | None
    duckdb_path: Path
    memory_limit: int
    max_errors: int
    batch_size: int
    lock_timeout: float
    warnings: tuple[str, ...]
    secrets: tuple[str, ...] = field(repr=False)

    @property
    def warehouse(self) -> str:
        """Where the warehouse is, in words for a person."""
        return self.cluster.address if self.cluster else str(self.duckdb_path)

    @property
    def reads_prefixes(self) -> bool:
        """Whether the engine can only read all that lies below a prefix, and not the objects that it is told."""
        return self.cluster is not None and not self.cluster.work


def load(path: Path, environment: Mapping[str, str] = os.environ) -> Config:
    """Read the configuration file and the environment.

    Raises:
        ConfigError: the file or a value cannot be used; the text names file, key and what is accepted.
    """
    # The folder of the path that was named, for dwh.cfg itself may be a link to somewhere else.
    folder = Path(os.path.realpath(path.parent))
    settings = _Settings(path, folder)
    settings.read_file()
    settings.read_environment(environment)
    settings.require_usable_texts()
    value, warnings = settings.value, settings.warnings
    if value("AWS", "KEY"):
        warnings.append("[AWS] KEY and SECRET are used as they stand in the file; a profile or a role is safer")
    log_data = settings.location("LOG_DATA", "s3://my-bucket/log_data")
    log_jsonpath = settings.location("LOG_JSONPATH", "s3://my-bucket/log_json_path.json")
    song_data = settings.location("SONG_DATA", "s3://my-bucket/song_data")
    cluster = _cluster(settings, log_data, log_jsonpath, song_data) if value("CLUSTER", "HOST") else None
    secrets = [value(section, key) for section, key in SECRETS if key != "KEY"]
    secrets += [environment.get(variable, "") for variable in SECRET_VARIABLES]
    return Config(
        folder=folder,
        store=Store(
            log_data=log_data,
            log_jsonpath=log_jsonpath,
            song_data=song_data,
            region=value("S3", "REGION") or value("AWS", "REGION"),
            key=value("AWS", "KEY"),
            secret=value("AWS", "SECRET"),
        ),
        cluster=cluster,
        duckdb_path=folder / settings.path("DUCKDB", "PATH"),
        memory_limit=settings.size("DUCKDB", "MEMORY_LIMIT"),
        max_errors=settings.whole_number("ETL", "MAX_ERRORS"),
        batch_size=settings.size("ETL", "BATCH_SIZE"),
        lock_timeout=float(settings.whole_number("ETL", "LOCK_TIMEOUT", most=LONGEST_TIMEOUT)),
        warnings=tuple(warnings),
        secrets=tuple(secret for secret in secrets if secret),
    )


def _cluster(settings: _Settings, log_data: str, log_jsonpath: str, song_data: str) -> Cluster:
    value = settings.value
    work = settings.location("WORK") if value("S3", "WORK") else ""
    texts = {"LOG_DATA": log_data, "LOG_JSONPATH": log_jsonpath, "SONG_DATA": song_data, "WORK": work}
    for key, text in texts.items():
        if not re.fullmatch(r"(s3://[^/]+/.+)?", text):
            raise settings.refused(
                "S3", key, "accepted is an address as s3://my-bucket/prefix, for Redshift reads only S3"
            )
    if not re.fullmatch(_outside(log_data, song_data), work):
        raise settings.refused("S3", "WORK", "accepted is a prefix without data")
    by_iam = value("CLUSTER", "CLUSTER_ID") or value("CLUSTER", "WORKGROUP")
    if not by_iam:
        settings.required("CLUSTER", "DB_PASSWORD", "a password, or set CLUSTER_ID or WORKGROUP to log in by IAM")
    return Cluster(
        host=settings.host(),
        port=settings.whole_number("CLUSTER", "DB_PORT", most=65_535),
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
        work=work.rstrip("/"),
    )


def _outside(*prefixes: str) -> str:
    """A pattern of addresses that are none of the prefixes and lie below none of them."""
    return "".join(rf"(?!{re.escape(prefix.rstrip('/'))}(/|$))" for prefix in prefixes) + ".*"


class _Settings:
    """The text of every key, and where it was set."""

    def __init__(self, path: Path, folder: Path) -> None:
        """`folder` is where relative paths begin."""
        self.warnings: list[str] = []
        self._path = path
        self._folder = folder
        self._texts: dict[tuple[str, str], str] = {}
        self._quoted: set[tuple[str, str]] = set()
        self._variables: dict[tuple[str, str], str] = {}

    def read_file(self) -> None:
        """Take the keys of the file."""
        parser = _parsed(self._path)
        if foreign := [name for name in parser.sections() if name.strip().upper() not in KEYS]:
            shown = [f"[{name}]" if _name(name.upper()) else "a section whose name is no word" for name in foreign]
            self.warnings.append(f"{self._path}: not ours and not read: {', '.join(shown)}")
        for name in parser.sections():
            section = name.strip().upper()
            for option, text in parser.items(name) if section in KEYS else ():
                self._take(section, option.upper(), text)
        if any(self.value(section, key) for section, key in SECRETS if key != "KEY") and _is_open(self._path):
            self.warnings.append(
                f"{self._path}: holds a password or a secret, and other users of this machine may read the file; "
                f"run chmod 600 on it"
            )

    def _take(self, section: str, key: str, text: str) -> None:
        sections, keys = CREATES_A_CLUSTER
        if key in KEYS[section]:
            self._set(section, key, text)
        elif section not in sections or not keys.fullmatch(key):
            raise ConfigError(f"{self._path}: {_unknown(section, key)}", object=str(self._path), column=_name(key))

    def read_environment(self, environment: Mapping[str, str]) -> None:
        """Take the variables that override a key; warn of those that look like one."""
        variables = {f"{ENVIRONMENT_PREFIX}{s}_{k}": (s, k) for s, keys in KEYS.items() for k in keys}
        for variable, text in environment.items():
            if variable in variables:
                self._set(*variables[variable], text)
                self._variables[variables[variable]] = variable
            elif variable.startswith(ENVIRONMENT_PREFIX) and (
                close := difflib.get_close_matches(variable, variables, n=1, cutoff=0.85)
            ):
                self.warnings.append(f"the environment variable {variable} is not read; did you mean {close[0]}?")

    def _set(self, section: str, key: str, text: str) -> None:
        self._texts[section, key], is_quoted = _unquoted(text)
        (self._quoted.add if is_quoted else self._quoted.discard)((section, key))

    def require_usable_texts(self) -> None:
        """Make sure that no value goes over several lines, or ends in what was meant as a comment.

        A secret may hold any character of a line, and so may a value in quotes and the path of something that is there.
        """
        for (section, key), text in self._texts.items():
            if "\n" in text:
                fix = "the value goes on in the next line; a line that begins a key is not indented"
                raise self.refused(section, key, fix, shown="")
            is_exempt = (section, key) in SECRETS or (section, key) in self._quoted or self._is_there(text)
            if COMMENT.search(text) and not is_exempt:
                fix = "a comment needs a line of its own; a value that holds ` #` or ` ;` stands in quotes"
                raise self.refused(section, key, fix)

    def _is_there(self, text: str) -> bool:
        return os.path.lexists(os.path.join(self._folder, os.path.expanduser(text)))

    def value(self, section: str, key: str) -> str:
        """The text of a key; empty when it is not set."""
        return self._texts.get((section, key), "")

    def required(self, section: str, key: str, example: str) -> str:
        """The text of a key that must be set."""
        if not (text := self.value(section, key)):
            raise self.refused(section, key, f"is not set; give it a value such as {example}")
        return text

    def check(self, section: str, key: str, pattern: str, accepted: str) -> str:
        """The text of a key that must match a pattern, and so be set unless an empty text matches."""
        if not re.fullmatch(pattern, text := self.value(section, key)):
            self.required(section, key, accepted)
            raise self.refused(section, key, f"accepted is {accepted}")
        return text

    def or_default(self, section: str, key: str) -> str:
        """The text of a key, or its default when it is not set."""
        return self.value(section, key) or KEYS[section][key].default

    def one_of(self, section: str, key: str, accepted: tuple[str, ...]) -> str:
        """The value of a key that names one of a few."""
        text = self.or_default(section, key)
        if text not in accepted:
            raise self.refused(section, key, f"accepted are {', '.join(accepted)}")
        return text

    def whole_number(self, section: str, key: str, most: int = LARGEST_NUMBER) -> int:
        """The value of a key that counts."""
        text = self.or_default(section, key)
        if not re.fullmatch("[0-9]{1,19}", text):
            raise self.refused(section, key, "a whole number from 0 on is accepted")
        if int(text) > most:
            raise self.refused(section, key, f"a whole number from 0 to {most} is accepted")
        return int(text)

    def size(self, section: str, key: str) -> int:
        """The value of a key that is a size, in bytes."""
        text = self.or_default(section, key)
        units = {"": 1, "B": 1, "KB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000}
        match = re.fullmatch(r"([0-9]{1,9})\s*([A-Z]*)|([0-9]{1,18})\s*B?", text.upper())
        count, unit = (match[1] or match[3], match[2] or "") if match else ("0", "")
        if unit not in units or int(count) == 0:
            raise self.refused(section, key, "a size such as 512 MB or 1 GB is accepted")
        return int(count) * units[unit]

    def path(self, section: str, key: str) -> Path:
        """The path that a key names, with `~` as a home folder."""
        try:
            return Path(self.or_default(section, key)).expanduser()
        except RuntimeError as e:
            raise self.refused(section, key, "there is no home folder for this `~`") from e

    def host(self) -> str:
        """The name or the address of the host, with nothing around it."""
        text = self.value("CLUSTER", "HOST")
        if not re.fullmatch(r"[A-Za-z0-9._-]+|[0-9A-Fa-f:.]+|\[[0-9A-Fa-f:.]+\]", text):
            fix = "accepted is the name of a host alone; its port, database and user have keys of their own"
            raise self.refused("CLUSTER", "HOST", fix)
        return text

    def location(self, key: str, example: str = "") -> str:
        """The `s3://` address or the path that a key of [S3] names."""
        text = self.required("S3", key, example)
        if key == "LOG_JSONPATH" and re.fullmatch(r"[\"']?(auto( +ignorecase)?|noshred)[\"']?", text, re.IGNORECASE):
            raise self.refused("S3", key, JSONPATHS_NEEDED)
        address = re.match(r"(arn:)|([A-Za-z][A-Za-z0-9+.-]+):(/+)", text)
        if not address:
            self.path("S3", key)
            return text
        scheme, rest = (address[1] or address[2]).lower(), text[address.end() :]
        if scheme in S3_SCHEMES:
            return self._s3_address(key, address[3], rest)
        if scheme == "file":
            return self._file_path(key, address[3], rest)
        fix = f"accepted is s3://bucket/prefix or a folder, and not {scheme.rstrip(':')}:"
        bucket = S3_HOST.match(rest) if scheme in ("http", "https") else None
        if bucket:
            fix = f"{fix}; write this one as s3://{bucket[1] or bucket[2]}/{bucket[3]}"
        raise self.refused("S3", key, fix, shown="")

    def _s3_address(self, key: str, slashes: str, rest: str) -> str:
        bucket = rest.partition("/")[0]
        if slashes != "//" or not re.fullmatch(r"[A-Za-z0-9._:-]+", bucket):
            fix = "accepted is s3://bucket/prefix, and no key or secret in it: [AWS], a profile or a role has those"
            raise self.refused("S3", key, fix, shown="")
        return f"s3://{rest}"

    def _file_path(self, key: str, slashes: str, rest: str) -> str:
        if slashes == "//" and not rest.startswith("localhost/"):
            raise self.refused("S3", key, "accepted is file:///path, or the path alone", shown="")
        return unquote(f"/{rest.removeprefix('localhost/') if slashes == '//' else rest}")

    def refused(self, section: str, key: str, fix: str, shown: str | None = None) -> ConfigError:
        """The error that a value cannot be used. It shows the value, or `shown` in its place, but no credentials."""
        variable = self._variables.get((section, key))
        place = f"the environment variable {variable}" if variable else f"{self._path}: [{section}] {key}"
        text = self.value(section, key)
        if shown is None and (section, key) not in SECRETS and "@" not in text:
            shown = text.partition("?")[0] if "://" in text else text
        separator = f" = {shown}: " if shown else " " if fix.startswith("is ") else ": "
        return ConfigError(f"{place}{separator}{fix}", object=None if variable else str(self._path), column=key)


S3_SCHEMES = ("s3", "s3a", "s3n")
"""The schemes of an address in S3, in small letters; the last two are those of Hadoop."""

S3_HOST = re.compile(
    r"(?:([a-z0-9][a-z0-9.-]+)\.s3[a-z0-9.-]*\.amazonaws\.com[a-z.]*|s3[a-z0-9.-]*\.amazonaws\.com[a-z.]*/([^/?]+))/?([^?#@\s]*)"
)
"""What stands behind https:// in an address of S3: virtual-hosted or path style."""

JSONPATHS_NEEDED = (
    "a JSONPaths file is needed, such as s3://my-bucket/log_json_path.json: its n-th path names the key of a log that "
    "fills the n-th column of staging_events, which COPY's `auto` cannot tell; `sparkify sample DIR` writes one"
)


def _parsed(path: Path) -> RawConfigParser:
    import configparser

    parser = configparser.RawConfigParser()
    text = _text(path)
    # What the parser says would show the line that it cannot read, which may hold a secret.
    try:
        parser.read_string(text, source=str(path))
    except configparser.DuplicateSectionError as e:
        name = e.section.strip().upper()
        raise _broken(
            path, e.lineno, f"[{name}] is there twice" if name in KEYS else "a section is there twice"
        ) from None
    except configparser.DuplicateOptionError as e:
        section, key = e.section.strip().upper(), e.option.upper()
        known = key in KEYS.get(section, ())
        raise _broken(
            path, e.lineno, f"[{section}] {key} is there twice" if known else "a key is there twice"
        ) from None
    except configparser.MissingSectionHeaderError as e:
        raise _broken(path, e.lineno, "no section headers above this line") from None
    except configparser.ParsingError as e:
        raise _broken(path, e.errors[0][0] if e.errors else None, "not a line of a configuration") from None
    except configparser.Error:
        raise _broken(path, None, "not a configuration") from None
    return parser


def _broken(path: Path, line: int | None, reason: str) -> ConfigError:
    place = f"{path}: line {line}" if line else f"{path}"
    return ConfigError(f"{place}: {reason}; {LINES_ARE}", object=str(path), line=line)


def _text(path: Path) -> str:
    """The text of a file of moderate size, with line feeds as its line ends.

    Raises:
        ConfigError: it cannot be read, or is no text in UTF-8.
    """
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except FileNotFoundError as e:
        raise ConfigError(f"{path}: there is no such file; name the configuration with --config FILE") from e
    except OSError as e:
        raise ConfigError(f"{path}: the configuration cannot be read ({e.strerror})", object=str(path)) from e
    problem = ""
    if len(content) > LARGEST_FILE:
        problem = f"it is larger than {LARGEST_FILE:,} bytes"
    elif content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in content:
        problem = "it is in UTF-16, or no text at all; save it as UTF-8"
    try:
        text = "" if problem else content.decode("utf-8-sig")
    except UnicodeDecodeError as e:
        problem, text = f"byte {e.start + 1} is not UTF-8; save it as UTF-8", ""
    if not problem and (control := re.search(r"[\x00-\x08\x0b\x0e-\x1f\x7f]", text)):
        problem = f"line {text.count(chr(10), 0, control.start()) + 1} holds a control character"
    if problem:
        raise ConfigError(f"{path}: the configuration cannot be read: {problem}", object=str(path))
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _is_open(path: Path) -> bool:
    """Whether users other than the owner of a file may read it."""
    return os.name == "posix" and bool(path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))


def _unquoted(text: str) -> tuple[str, bool]:
    """A value without the quotes around it, and whether it had any."""
    text = text.strip()
    is_quoted = len(text) > 1 and text[0] == text[-1] and text[0] in "'\""
    return (text[1:-1].strip(), True) if is_quoted else (text, False)


def _name(key: str) -> str | None:
    """A key as a message may show it; None for a text that may be more than the name of a key, such as a secret."""
    return key if re.fullmatch(r"[A-Z][A-Z0-9_-]{0,39}", key) else None


def _unknown(section: str, key: str) -> str:
    """Why a key of a section is refused, with the nearest right one."""
    accepted = f"Accepted are {', '.join(KEYS[section])}"
    if not _name(key):
        return f"[{section}] holds a line that begins with no key we know. {accepted}"
    if homes := [f"[{other}]" for other, keys in KEYS.items() if key in keys]:
        return f"[{section}] {key} is not a key we know; it belongs into {' or '.join(homes)}. {accepted}"
    [close] = difflib.get_close_matches(key, KEYS[section], n=1, cutoff=0.0)
    return f"[{section}] {key} is not a key we know; did you mean {close}? {accepted}"
