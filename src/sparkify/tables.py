"""The tables of a warehouse as a whole: create what is missing of them, or drop all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from sparkify import dictionary, history, program, sql_queries
from sparkify.engines.engine import Engine
from sparkify.errors import ConfigError, OutcomeUnknownError


@contextmanager
def changed_as_a_whole(engine: Engine, done: str) -> Iterator[Callable[[], None]]:
    """A change of all tables by one transaction; call what it yields when that is committed.

    An error gets a note of what stays; `done` says it for a change that was committed. A database that this program has
    made for the change is deleted if it stays empty.
    """
    is_committed = False

    def committed() -> None:
        nonlocal is_committed
        is_committed = True

    try:
        yield committed
    except BaseException as e:
        if is_committed:
            e.add_note(done)
        elif OutcomeUnknownError in (type(e), type(e.__cause__)):
            look = f"look with {program.command('status')}"
            e.add_note(f"the connection was lost at the end: all of it is done, or nothing; {look}")
        else:
            engine.discard_new()
        raise


def create_missing(engine: Engine) -> None:
    """Create the tables and views that are missing, in the caller's transaction, and describe them.

    Comments are written where they are not there: a view that is replaced loses its own.
    """
    execute(engine, sql_queries.create_table_queries(engine.name))
    execute(engine, dictionary.comment_queries(engine.name, engine.comments()))


def drop(engine: Engine, version: int | None) -> None:
    """Drop all tables and views of a warehouse of a version, in the caller's transaction; None stands for today's."""
    current = sql_queries.WAREHOUSE_VERSION if version is None else version
    execute(engine, sql_queries.drop_table_queries(engine.name, current))


def execute(engine: Engine, statements: Iterable[str]) -> None:
    """Run some statements."""
    for statement in statements:
        engine.execute(statement)


def require_no_others(engine: Engine) -> None:
    """Make sure that a database without a warehouse has no tables of another program that one would replace.

    Raises:
        ConfigError: a table or view has a name that a warehouse needs.
    """
    fix = f"set {key_of_location(engine)}"
    require_free(engine, (*sql_queries.TABLES, *sql_queries.VIEWS), "this is no warehouse of this program", fix)


def key_of_location(engine: Engine) -> str:
    """The key that names another place for a warehouse, and how: the end of an advice."""
    return "[CLUSTER] SCHEMA to another schema" if engine.name == "redshift" else "[DUCKDB] PATH to another file"


def require_free(engine: Engine, needed: Iterable[str], what: str, fix: str) -> None:
    """Make sure that no table of another program is replaced or dropped.

    Tables of this program always have their version beside them, because one transaction creates all.

    Raises:
        ConfigError: a table or view has a name that a warehouse needs.
    """
    if names := history.tables_named(engine, needed):
        raise ConfigError(
            f"{engine.address}: {what}, and {', '.join(names)} is there already, a name that a warehouse needs; {fix}"
        )
