"""Bring the tables of an older warehouse up to this program's version: `sql/migrate` has a numbered file a step."""

from __future__ import annotations

from collections.abc import Mapping

from sparkify import program, sql_queries
from sparkify.config import Config
from sparkify.engines.answer import Value
from sparkify.engines.clean_texts import clean
from sparkify.engines.engine import Engine
from sparkify.errors import ConfigError
from sparkify.store import name_prefix

OLDEST_VERSION = 2
"""The oldest version that can be brought up to date."""

FIRST_WITH_CATALOGUE = 3
"""The version from which on all that lasts is in lasting tables; before, the catalogue was in a staging table."""

CLEAN = 4
"""The version from which on texts are clean, and logs were read once more."""

WITHOUT_KEYS = 6
"""The version from which on Redshift's tables declare no keys."""

DECLARED_KEYS = """
select t.relname, k.conname
from pg_constraint as k
inner join pg_class as t on t.oid = k.conrelid
inner join pg_namespace as n on n.oid = t.relnamespace
where n.nspname = current_schema() and k.contype in ('f', 'p')
order by k.contype, t.relname, k.conname
"""
"""The keys of the tables in the warehouse's schema, foreign ones first."""

TEXTS = {
    "catalogue": ("artist_id", "artist_location", "artist_name", "song_id", "title"),
    "users": ("user_id", "first_name", "last_name", "gender", "level"),
    "songplays": ("user_id", "level", "song_id", "artist_id", "location", "user_agent", "title", "artist_name"),
}
"""The texts that are cleaned in a warehouse of a version before that; songs and artists follow from the catalogue."""

NEW_NAMES = {3: {"catalogue"}, 4: {"page_views", "events", "sessions", "user_levels"}, 5: {"forgotten_users"}}
"""The tables and views that each version has in the schema of the warehouse, and the one before had not."""

NULL_WHEN_EMPTY = {("catalogue", "artist_location"), ("songplays", "location"), ("songplays", "user_id")}

AT_ONCE = 500
"""Texts that are cleaned by one statement."""


def migrate(engine: Engine, config: Config, version: int) -> None:
    """Run the steps that follow a version, in the caller's transaction; none if it is this program's.

    The names of loaded objects become keys below the SONG_DATA and LOG_DATA of the configuration.

    Raises:
        ConfigError: the version is older than the first step.
    """
    if version == sql_queries.WAREHOUSE_VERSION:
        return
    if version < OLDEST_VERSION:
        fix = f"start afresh with {program.command('create-tables')} --drop and a load"
        raise ConfigError(f"{engine.address}: a warehouse of version {version} cannot be brought up to date; {fix}")
    values = {
        "song_prefix": name_prefix(config.store.song_data, config.folder),
        "log_prefix": name_prefix(config.store.log_data, config.folder),
    }
    for step in range(version + 1, sql_queries.WAREHOUSE_VERSION + 1):
        _run(engine, str(step), values)
        if step == WITHOUT_KEYS:
            _drop_declared_keys(engine)
        if step == CLEAN:
            _clean_texts(engine)
            _run(engine, "4_clean", values)
    engine.execute("update warehouse set version = $version", {"version": sql_queries.WAREHOUSE_VERSION})


def what_is_read_again(engine: Engine, version: int) -> str:
    """What the next load does because of the migration from a version, as the end of a sentence."""
    if version >= CLEAN:
        return ""
    [(rejected,)] = engine.query("select coalesce(sum(rows_rejected), 0) from load_history where kind = 'events'")
    fix = f" ({rejected:,} of their records were set aside: [ETL] MAX_ERRORS must allow so many)" if rejected else ""
    return f"; the next load reads the logs that are still in the bucket once more, for their page views{fix}"


def new_names(version: int) -> set[str]:
    """The tables and views that a warehouse of a version gets when it is brought up to date."""
    return {name for step, names in NEW_NAMES.items() if step > version >= OLDEST_VERSION for name in names}


def lasting_tables(version: int) -> list[str]:
    """The lasting tables that hold the rows of a warehouse of a version, from `FIRST_WITH_CATALOGUE` on."""
    later = new_names(version) | {sql_queries.LOCK_TABLE}
    return [table for table in sql_queries.LASTING_TABLES if table not in later]


def _run(engine: Engine, name: str, values: Mapping[str, Value]) -> None:
    for statement in sql_queries.statements_for(engine.name, "migrate", name):
        engine.execute(statement, values)


def _drop_declared_keys(engine: Engine) -> None:
    """Take back the keys that a former version declared in Redshift, which may answer a check from them."""
    if engine.name != "redshift":
        return
    for table, key in engine.query(DECLARED_KEYS):
        if table in sql_queries.LASTING_TABLES:
            engine.execute(f'alter table "{table}" drop constraint "{key}"')


def _clean_texts(engine: Engine) -> None:
    """Clean the texts of what is loaded."""
    byte_length = sql_queries.BYTE_LENGTH[engine.name]
    for table, columns in TEXTS.items():
        for column in columns:
            length = f"char_length({column})"
            odd = f"char_length(rtrim({column}, ' ')) <> {length} or {byte_length}({column}) <> {length}"
            texts = [text for (text,) in engine.query(f"select distinct {column} from {table} where {odd}")]
            may_be_null = (table, column) in NULL_WHEN_EMPTY
            cleaned = {text: clean(text) or (None if may_be_null else "") for text in texts if clean(text) != text}
            for at in range(0, len(cleaned), AT_ONCE):
                _replace(engine, table, column, dict([*cleaned.items()][at : at + AT_ONCE]))


def _replace(engine: Engine, table: str, column: str, cleaned: Mapping[str, str | None]) -> None:
    pairs = " union all ".join(
        f"select cast($old{n} as varchar(65535)) as delivered, cast($new{n} as varchar(65535)) as cleaned"
        for n in range(len(cleaned))
    )
    values: dict[str, Value] = {}
    for n, (old, new) in enumerate(cleaned.items()):
        values |= {f"old{n}": old, f"new{n}": new}
    engine.execute(
        f"update {table} set {column} = t.cleaned from ({pairs}) as t where t.delivered = {table}.{column}", values
    )
