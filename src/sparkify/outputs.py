"""Files that commands write: whole or not at all, and never in the place of what the program reads or keeps."""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from sparkify.config import Config
from sparkify.errors import AccessError, ConfigError
from sparkify.private_folders import private_folder
from sparkify.store.walk import holds

STDOUT = ("/dev/stdout", "/dev/fd/1", "/proc/self/fd/1")
"""The names of stdout."""


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """A file to write in place of another, which is changed when all is written, or not at all.

    A link stays a link. What is no file, such as a pipe, is not replaced but written to, and so is stdout, whose file
    may hold more than this.

    Raises:
        AccessError: it cannot be written.
    """
    if str(path) in STDOUT:
        with private_folder(None) as folder:
            yield (new := folder / "output")
            with new.open("rb") as content:
                shutil.copyfileobj(content, sys.stdout.buffer)
        return
    if path.exists() and not path.is_file() and not path.is_dir():
        yield path
        return
    path = path.resolve()
    mask = os.umask(0)
    os.umask(mask)
    try:
        with private_folder(path.parent) as folder:
            new = folder / "output"
            new.touch()
            # The new file is as open as the old one, or any other of this person.
            mode = path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~mask
            yield new
            new.chmod(mode)
            new.replace(path)
    except OSError as e:
        raise AccessError(f"{path}: cannot be written ({e.strerror})") from e


@contextmanager
def file_beside(path: Path | None) -> Iterator[Path]:
    """A file for what will be moved to a path, on the same disk if the path is that of a file; deleted at the end.

    Raises:
        AccessError: none can be made there.
    """
    folder = path.resolve().parent if path and (path.is_file() or not path.exists()) else None
    with ExitStack() as made:
        try:
            name = made.enter_context(private_folder(folder))
        except OSError as e:
            raise AccessError(f"{path or tempfile.gettempdir()}: cannot be written ({e.strerror})") from e
        yield name / "answer"


@dataclass(frozen=True)
class Reserved:
    """A file or folder that no command may write to, and what it is."""

    path: Path
    meaning: str

    def is_at(self, path: Path) -> bool:
        """Whether a path names this file or folder, through links or in another letter case too."""
        try:
            return os.path.samefile(path, self.path)
        except OSError:  # one of them is not there, and a name in another letter case may become the same
            return str(_resolved(path)).casefold() == str(_resolved(self.path)).casefold()

    def holds(self, path: Path) -> bool:
        """Whether a path names it, or something below it."""
        resolved = _resolved(path)
        return any(self.is_at(each) for each in (path, resolved, *resolved.parents))


def require_free_file(output: Path, configuration: Path, config: Config) -> None:
    """Make sure that a file may be written: it is none that a load or a warehouse needs.

    `configuration` is the configuration file, `config` what it says.

    Raises:
        ConfigError: it is, or it lies below the data.
    """
    fix = "name another file or folder"
    for reserved in _reserved(configuration, config):
        if reserved.holds(output):
            raise ConfigError(f"{output}: this is {reserved.meaning}, or lies below it; {fix}")
    if output.exists():
        for key, location in _data(config):
            if (folder := Path(config.folder / Path(location).expanduser())).is_dir() and holds(folder, output):
                raise ConfigError(f"{output}: [S3] {key} holds a link to this, or to what holds it; {fix}")


def require_free_folder(folder: Path, tables: list[str], configuration: Path, config: Config) -> None:
    """Make sure that folders for some tables may be written or replaced below a folder.

    Raises:
        ConfigError: one of them is, or holds, or lies below what a load or a warehouse needs.
    """
    require_free_file(folder, configuration, config)
    for table_folder in (folder / table for table in tables):
        require_free_file(table_folder, configuration, config)
        below = Reserved(table_folder, "")
        if inside := next((each for each in _reserved(configuration, config) if below.holds(each.path)), None):
            raise ConfigError(
                f"{table_folder}: {inside.path}, {inside.meaning}, lies below it; name another file or folder"
            )


def require_free_prefix(address: str, tables: list[str], config: Config) -> None:
    """The same for an address in S3.

    Raises:
        ConfigError: the files of a table would lie among the data, or the data among them.
    """
    store, work = config.store, config.cluster.work if config.cluster else ""
    for meaning, used in (
        ("[S3] LOG_DATA", store.log_data),
        ("[S3] SONG_DATA", store.song_data),
        ("[S3] LOG_JSONPATH", store.log_jsonpath),
        ("[S3] WORK", work),
    ):
        other = _prefix(used)
        prefixes = [_prefix(address), *(f"{_prefix(address)}{table}/" for table in tables)]
        if used and (prefixes[0].startswith(other) or any(other.startswith(prefix) for prefix in prefixes[1:])):
            raise ConfigError(f"{address}: {meaning} is {used}, which an export must not touch; name another address")


def _prefix(address: str) -> str:
    """An address in S3 as a prefix: without the letter case of its scheme and bucket, and with one slash at its end."""
    scheme, _, rest = address.partition("://")
    bucket, _, key = rest.partition("/")
    return f"{re.sub('^s3[an]$', 's3', scheme.lower())}://{bucket.lower()}/{key.strip('/')}".rstrip("/") + "/"


def _reserved(configuration: Path, config: Config) -> Iterator[Reserved]:
    yield Reserved(configuration, "the configuration")
    yield Reserved(config.duckdb_path, "the warehouse")
    if config.publish:
        yield Reserved(config.publish, "the copy for readers")
    database = _resolved(config.duckdb_path)  # DuckDB keeps its log beside the file itself, and not beside a link
    yield Reserved(database.with_name(f"{database.name}.wal"), "the warehouse's log")
    yield Reserved(database.with_name(f"{database.name}.tmp"), "the warehouse's temporary folder")
    for path in sorted(config.questions.glob("*.sql")) if config.questions else ():
        yield Reserved(path, "a question of [REPORT] QUESTIONS")
    for key, location in _data(config):
        yield Reserved(config.folder / Path(location).expanduser(), f"[S3] {key}")


def _data(config: Config) -> list[tuple[str, str]]:
    """The keys of [S3] that name data in a folder, and where it lies."""
    store = config.store
    keys = {"LOG_DATA": store.log_data, "SONG_DATA": store.song_data, "LOG_JSONPATH": store.log_jsonpath}
    return [(key, location) for key, location in keys.items() if "://" not in location]


def _resolved(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):  # a link that leads to itself
        return path.absolute()
