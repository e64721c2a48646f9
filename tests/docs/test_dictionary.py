"""One source for meaning: what stands beside a column in `sql/create` is complete, and reaches both warehouses."""

from __future__ import annotations

import re

import duckdb
import pytest

from harness.records import event, lines, song
from harness.rows import Row
from harness.warehouse import Sparkify
from sparkify import dictionary, sql_queries
from sparkify.dictionary import Table

NAMES = (*sql_queries.TABLES, *sql_queries.VIEWS)

COMMENTS = {
    "duckdb": [
        "select table_name, '', comment from duckdb_tables()",
        "select view_name, '', comment from duckdb_views() where not internal",
        "select table_name, column_name, comment from duckdb_columns() where not internal",
    ],
    "redshift": [
        "select c.relname, '', obj_description(c.oid) from pg_class as c"
        " inner join pg_namespace as n on n.oid = c.relnamespace"
        " where n.nspname = 'public' and c.relkind in ('r', 'v')",
        "select c.relname, a.attname, col_description(c.oid, a.attnum) from pg_class as c"
        " inner join pg_namespace as n on n.oid = c.relnamespace"
        " inner join pg_attribute as a on a.attrelid = c.oid"
        " where n.nspname = 'public' and c.relkind in ('r', 'v') and a.attnum > 0",
    ],
}
"""What asks an engine for the comments on its tables, views and columns: table, column, comment."""


def undescribed(table: Table) -> list[str]:
    """What of a table lacks its words."""
    lacking = [what for what, text in (("description", table.description), ("grain", table.grain)) if not text]
    return lacking + [column.name for column in table.columns if not re.search(r"\w{2}", column.description)]


@pytest.mark.parametrize("name", NAMES)
def test_every_table_and_column_is_described_beside_its_definition(name: str) -> None:
    assert undescribed(dictionary.table(name)) == [], f"describe them in sql/create/{name}.sql"


@pytest.mark.parametrize("name", sql_queries.TABLES)
def test_every_column_that_may_be_null_says_what_null_means(name: str) -> None:
    silent = [c.name for c in dictionary.table(name).columns if c.may_be_null != (" null: " in c.description)]
    assert silent == [], f"sql/create/{name}.sql"


@pytest.mark.parametrize("name", sql_queries.names("report"))
def test_every_column_of_a_question_is_described(name: str) -> None:
    columns = dictionary.question_columns(name)
    assert columns
    assert [column for column, text in columns.items() if not text] == [], f"describe them in sql/report/{name}.sql"


@pytest.mark.parametrize(
    ("name", "text", "without", "lacking"),
    [
        ("users", "  -- the user's gender, F or M; null: not delivered", "", ["gender"]),
        ("warehouse", "  -- raised when a table changes in what it stores", "", ["version"]),
        ("songs", "-- Dimension: the songs of the catalogue.\n", "", ["description"]),
        ("songs", "-- Grain: one row per song_id.\n", "", ["grain"]),
        ("song_matches", "-- Columns: as in songplays.\n", "", [*sql_queries.columns("song_matches")]),
        ("delivered_events", "  -- what makes two records the same event", "", ["event_key"]),
        ("delivered_events", "itemInSession as item", "itemInSession + 1 as item", ["item_in_session"]),
        ("plays", "max(gender) as", "min(gender) as", ["gender"]),
        ("plays", "-- Columns: as in time.\n", "", ["hour", "day", "week", "month", "year", "weekday"]),
        ("plays", "u.gender,", "u.sex,", ["sex"]),
    ],
)
def test_words_that_are_missing_are_found(name: str, text: str, without: str, lacking: list[str]) -> None:
    whole = sql_queries.read("create", name)
    assert whole.count(text) == 1
    assert undescribed(dictionary.parsed(name, whole.replace(text, without))) == lacking


QUESTION = """\
-- Who?
with counted as (
    select
        u.user_id,
        u.level as level_now,
        count(*) as plays
    from songplays as p
    inner join users as u on u.user_id = p.user_id
    group by u.user_id, u.level
)

select
    c.user_id,
    level_now as current_level,
    c.plays,
    s.year,  -- words of its own; null: none
    s.title as song,
    t.month,
    coalesce(
        s.duration,
        0
    ) as seconds,  -- length in seconds
    round(s.latitude) as place,
    elsewhere.hour
from counted as c
inner join "time" as t on t.hour = c.plays
left join songs as s on s.year = t.year
order by c.plays;
"""


def test_a_column_that_is_only_selected_has_the_words_of_the_column_that_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    read = sql_queries.read
    monkeypatch.setattr(sql_queries, "read", lambda *file: QUESTION if file[0] == "report" else read(*file))
    assert dictionary.question_columns("who") == {
        "user_id": "the app's key of the user",
        "current_level": "free or paid, at the user's latest event; null: not delivered",
        "plays": "",
        "year": "words of its own; null: none",
        "song": "the song's title; null: unknown",
        "month": "month of the year, 1 to 12",
        "seconds": "length in seconds",
        "place": "",
        "hour": "",
    }


def test_an_outer_join_may_leave_a_view_s_column_without_value() -> None:
    plays = dictionary.table("plays")
    may_be_null = {column.name for column in plays.columns if column.may_be_null}
    assert {"first_name", "song_year", "catalogue_artist_name"} < may_be_null
    assert not may_be_null & {"songplay_id", "start_time", "hour", "session_id"}


def test_where_no_value_is_missing_nobody_is_told_what_null_means() -> None:
    title = dictionary.table("song_matches").column("title")
    assert title
    assert (title.may_be_null, title.description) == (False, "the song as the app named it")


def test_a_header_tells_analysts_what_it_says_up_to_the_grain() -> None:
    songplays = dictionary.table("songplays")
    assert songplays.description == "Fact: what was played, matched to a song of the catalogue or not."
    assert songplays.grain.startswith("one row per play, that is per NextSong event;")
    assert "DISTSTYLE" not in songplays.comment
    assert songplays.comment == f"{songplays.description} O{songplays.grain[1:]}"


def test_a_text_has_one_limit_in_all_tables_that_take_it() -> None:
    limits: dict[str, set[str]] = {}
    for table in sql_queries.TABLES:
        for name, kind in sql_queries.columns(table).items():
            if kind.startswith("varchar"):
                limits.setdefault({"artist_location": "location", "name": "artist_name"}.get(name, name), set()).add(
                    kind
                )
    assert limits["location"] == limits["title"] == limits["artist_name"] == {"varchar(2048)"}
    assert {name: kinds for name, kinds in limits.items() if len(kinds) > 1} == {}
    longest = {limits[name].copy().pop() for name in ("delivered", "repaired", "user_agent")}
    assert longest == {"varchar(8192)"}, "repaired_texts takes the texts of every column"


def test_the_keys_are_those_that_redshift_is_told() -> None:
    songplays = dictionary.table("songplays")
    assert songplays.primary_key == "songplay_id"
    assert [(key.column, key.table, key.referenced) for key in songplays.foreign_keys] == [
        ("start_time", "time", "start_time"),
        ("user_id", "users", "user_id"),
        ("song_id", "songs", "song_id"),
        ("artist_id", "artists", "artist_id"),
    ]
    assert dictionary.table("songs").foreign_keys == (dictionary.ForeignKey("artist_id", "artists", "artist_id"),)
    assert dictionary.table("plays").primary_key == ""


TYPES = {"double precision": "DOUBLE"}
"""DuckDB's names of types, where they are not ours."""


@pytest.mark.parametrize("name", NAMES)
def test_the_dictionary_knows_the_columns_that_the_warehouse_has(name: str) -> None:
    with duckdb.connect() as connection:
        for statement in sql_queries.create_table_queries("duckdb"):
            connection.execute(statement)
        found = connection.execute(
            "select column_name, data_type, is_nullable from duckdb_columns()"
            " where table_name = ? order by column_index",
            [name],
        ).fetchall()
    described = dictionary.table(name)
    assert described.kind == ("view" if name in sql_queries.VIEWS else "table")
    assert [column for column, _, _ in found] == [column.name for column in described.columns]
    types = [TYPES.get(column.type, re.sub(r"\(\d+\)", "", column.type).upper()) for column in described.columns]
    assert [kind for (_, kind, _), known in zip(found, types, strict=True) if known] == [*filter(None, types)]
    if described.kind == "table":
        assert [nullable for _, _, nullable in found] == [column.may_be_null for column in described.columns]


# ---------------------------------------------------------------- in the warehouse


def comments(sparkify: Sparkify) -> dict[tuple[str, str], str | None]:
    """The comment on every table, view and column of ours: by name; the column is empty for the table itself."""
    rows: list[Row] = [row for found in sparkify.queries(COMMENTS[sparkify.engine]) for row in found]
    return {(table, column): comment for table, column, comment in rows if table in NAMES}


NOT_DESCRIBED = {*sql_queries.BATCH} - {*sql_queries.STAGING.values()}
"""Staging and work tables, which only the load reads; Redshift has none of them between two loads."""


def expected(engine: str) -> dict[tuple[str, str], str | None]:
    """The comments that have to be there; Redshift folds the names of columns."""
    found: dict[tuple[str, str], str | None] = {}
    for table in dictionary.tables():
        if engine == "redshift" and table.name in sql_queries.BATCH:
            continue
        is_silent = table.name in NOT_DESCRIBED
        found[table.name, ""] = None if is_silent else table.comment
        for column in table.columns:
            name = column.name if engine == "duckdb" else column.name.lower()
            found[table.name, name] = None if is_silent else column.description
    return found


@pytest.mark.parametrize("sparkify", ["duckdb", "redshift"], indirect=True)
def test_create_tables_lays_the_words_beside_what_they_describe(sparkify: Sparkify) -> None:
    assert comments(sparkify) == expected(sparkify.engine)


@pytest.mark.parametrize("sparkify", ["duckdb", "redshift"], indirect=True)
def test_create_tables_again_refreshes_the_words_and_touches_no_row(
    sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    sparkify.put("song_data/A/a.json", lines([song()]))
    sparkify.put("log_data/a.json", lines([event()]))
    sparkify.loaded()
    before = sparkify.content(with_runs=True)
    with monkeypatch.context() as patch:
        old = [
            'comment on table "songplays" is null',
            "comment on column \"plays\".level is 'other words'",
            'comment on column "users".level is null',
        ]
        patch.setattr(dictionary, "comment_queries", lambda *_: old)
        sparkify.created()
    assert comments(sparkify) != expected(sparkify.engine)
    outcome = sparkify.command("create-tables")
    assert outcome.out.startswith("the tables are there already in ")
    assert comments(sparkify) == expected(sparkify.engine)
    assert sparkify.content(with_runs=True) == before


def test_the_words_are_literals_that_both_engines_read_alike() -> None:
    statements = [*dictionary.comment_queries("duckdb"), *dictionary.comment_queries("redshift")]
    assert any("''" in statement for statement in statements), "nothing has to be escaped"
    for statement in statements:
        named = r"""comment on (table|view|column) ("staging_area"\.)?"[a-z_]+"(\.\w+)?"""
        assert re.fullmatch(rf"{named} is '([^'\\$\n]|'')+'", statement), statement
