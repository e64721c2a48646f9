"""The steps of a command, and what watches them.

A *step* is an action that reaches out of the process: opening and closing the warehouse, every statement (begin, commit
and checkpoint among them), every page of a listing (`list`; of a folder, `walk`), every object and every piece of one
that is read. A `Watch` sees each step before and after it is done, and may end the process there, raise a fault, or
send a signal.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import obstore

import sparkify.store.s3.clients
import sparkify.store.walk
from harness import s3_folder
from sparkify.store import StoredObject
from sparkify.store.folder import Folder

T = TypeVar("T")

NOW = datetime(2020, 2, 2)
"""The time of every run: runs that do the same then leave the same bytes behind."""


@dataclass
class Watch:
    """Sees every step of a command; on its own it only counts them."""

    steps: list[str] = field(default_factory=list)

    def before(self, number: int, step: str) -> None:
        """Step `number`, counted from 1, is about to be done."""

    def after(self, number: int, step: str) -> None:
        """Step `number` is done."""


@contextmanager
def watched(watch: Watch, buckets: Path) -> Iterator[None]:
    """Show every step of the program to a watch. Each S3 bucket is the folder of its name in `buckets`."""
    lock = threading.Lock()

    def step(name: str, do: Callable[[], T]) -> T:
        with lock:
            watch.steps.append(name)
            number = len(watch.steps)
            watch.before(number, name)
        done = do()
        watch.after(number, name)
        return done

    get, walk, read = obstore.get, sparkify.store.walk.walk, Folder.read

    def read_file(folder: Folder, item: StoredObject) -> bytes:
        content: bytes = step("file", lambda: read(folder, item))
        return content

    watching: list[tuple[Any, str, Any]] = [
        (duckdb, "connect", lambda *a, **o: _Database(step("open", lambda: _connect(*a, **o)), step)),
        (obstore, "get", lambda *a, **o: _Content(step("read", lambda: get(*a, **o)), step)),
        (sparkify.store.s3.clients, "Account", lambda settings: s3_folder.Account(buckets, step)),
        (sparkify.store.s3.clients, "S3Store", s3_folder.reader(buckets)),
        (sparkify.store.s3.clients, "ATTEMPTS", 1),  # else an answer that breaks off would be read on
        (sparkify.store.walk, "walk", lambda *arguments: step("walk", lambda: walk(*arguments))),
        (Folder, "read", read_file),
    ]
    unwatched = [(owner, name, getattr(owner, name)) for owner, name, _ in watching]
    for owner, name, watching_it in watching:
        setattr(owner, name, watching_it)
    try:
        yield
    finally:
        for owner, name, original in unwatched:
            setattr(owner, name, original)


SMALLEST_BLOCK = 16_384
"""Bytes of a block of DuckDB's file, of which each table takes some."""

_real_connect = duckdb.connect


def _connect(path: Path, *, config: Mapping[str, Any], **options: Any) -> duckdb.DuckDBPyConnection:
    """A connection for little data: it works in one thread, and makes files of small blocks."""
    return _real_connect(path, config={**config, "threads": 1, "default_block_size": SMALLEST_BLOCK}, **options)


class _Database:
    """A connection to DuckDB whose statements are steps, named by their first word."""

    def __init__(self, connection: Any, step: Callable[[str, Callable[[], Any]], Any]) -> None:
        self._connection, self._step = connection, step

    def execute(self, sql: str, values: Any = None) -> Any:
        if sql.startswith("comment on column"):  # a hundred of them, and each is like the comment on its table
            return self._connection.execute(sql, _at_once(values))
        return self._step(sql.split()[0], lambda: self._connection.execute(sql, _at_once(values)))

    def close(self) -> None:
        self._step("close", self._connection.close)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


class _Content:
    """An object of the store: the answer is a step, and so is its content."""

    def __init__(self, content: Any, step: Callable[[str, Callable[[], Any]], Any]) -> None:
        self._content, self._step = content, step
        self.meta = content.meta

    def bytes(self) -> Any:
        return self._step("read", self._content.bytes)


def _at_once(value: Any) -> Any:
    """A bound value in which the time is always `NOW`; what the objects tell is older."""
    match value:
        case datetime():
            return NOW if value > NOW else value
        case list():
            return [_at_once(each) for each in value]
        case dict():
            return {name: _at_once(each) for name, each in value.items()}
    return value
