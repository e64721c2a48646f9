"""A warehouse of an older version is brought up to date in place: nothing is lost, and nothing is loaded again."""

import duckdb
import pytest

from harness.older import make_older
from harness.records import JSONPATHS, encoded_again, event, lines, song
from harness.rows import Row
from harness.warehouse import Sparkify
from sparkify import sql_queries, transform
from sparkify.store.folder import etag

SONGS = {
    "song_data/A/a.json": song(),
    "song_data/A/b.json": song(song_id="SO2", title="Skyfall", artist_id="AR2", artist_name="Björk", year=0),
}
ON_BOTH = pytest.mark.parametrize("sparkify", ["duckdb", "redshift"], indirect=True)
KEPT = ("songplays", "users", "songs", "artists", "time", "runs", "rejected_records")


def rows_of(sparkify: Sparkify) -> dict[str, list[str]]:
    """The rows that a migration keeps, without columns that are new."""
    new = {
        "runs": {
            "songs_gone",
            "page_views_staged",
            "page_views_inserted",
            "page_views_known",
            "texts_cleaned",
            "events_forgotten",
            "plays_change",
            "matched_change",
        },
        "users": {"registered_at"},
    }
    selects = []
    for table in KEPT:
        columns = ", ".join(f'"{name}"' for name in sql_queries.columns(table) if name not in new.get(table, ()))
        selects.append(f'select {columns} from "{table}"')
    return {table: sorted(map(repr, rows)) for table, rows in zip(KEPT, sparkify.queries(selects), strict=True)}


@ON_BOTH
def test_a_warehouse_of_version_2_is_brought_up_and_keeps_all_its_rows(sparkify: Sparkify) -> None:
    make_older(sparkify, 2)
    before = rows_of(sparkify)
    for key, record in SONGS.items():
        sparkify.put(key, lines([record]))
    refused = sparkify.etl()
    assert refused.exit_code == 2
    assert "run sparkify create-tables, which brings it up to date" in refused.err

    done = sparkify.command("create-tables")
    assert done.exit_code == 0, done.err
    assert "up from version 2 to 6" in done.out
    assert rows_of(sparkify) == before
    keys = sparkify.query("select kind, object_key from load_history order by 1, 2")
    assert keys == [
        *(("events", f"2018/11/{name}.json") for name in "ab"),
        *(("songs", f"A/{name}.json") for name in "ab"),
    ]
    assert sparkify.query("select song_id, source_file from catalogue order by 1") == [
        ("SO1", "A/a.json"),
        ("SO2", "A/b.json"),
    ]
    again = sparkify.command("create-tables")
    assert again.out.startswith("the tables are there already")
    assert rows_of(sparkify) == before
    assert sparkify.command("check").exit_code == 0

    # Both logs have left the bucket; the songs have other ETags here, and replace themselves.
    sparkify.loaded()
    assert rows_of(sparkify)["songplays"] == before["songplays"]
    assert sparkify.query("select count(*) from catalogue") == [(2,)]


VERSION_3_SONGS = {
    "song_data/A/a.json": song(),
    "song_data/A/b.json": song(song_id="SO2", title="Jóga ", artist_id="AR2", artist_name="Björk", year=0),
    "song_data/A/c.json": song(
        song_id="SO3", title="Halo", artist_id="AR3", artist_name=encoded_again("Beyoncé"), year=2008
    ),
}
JOGA = event(itemInSession=1, song=encoded_again("Jóga", 2), artist=encoded_again("Björk"), ts=1541121935796)
HALO = event(userId="7", firstName=encoded_again("Zoé"), sessionId=8, song="Halo", artist="Beyoncé", ts=1541221935796)
VERSION_3_LOGS = {
    "log_data/2018/11/a.json": [event(), JOGA, event(itemInSession=2, page="Home", ts=1541121936796)],
    "log_data/2018/11/b.json": [
        HALO | {"location": "Paris "},
        HALO | {"location": "Paris", "userId": "7 "},
        HALO | {"userId": "7 ", "itemInSession": 4, "page": "Upgrade", "ts": 1541221936796},
    ],
}
"""What a warehouse of version 3 was loaded from, beside a bad record at the end of the first log."""


def star_of(sparkify: Sparkify) -> dict[str, list[Row]]:
    """The star schema, and the rejected records."""
    rejected = sparkify.query("select object, line, reason, raw_text from rejected_records")
    return sparkify.star() | {"rejected_records": rejected}


def put_version_3(sparkify: Sparkify) -> None:
    for key, record in VERSION_3_SONGS.items():
        sparkify.put(key, lines([record]))
    for key, records in VERSION_3_LOGS.items():
        sparkify.put(key, lines(records) + ("\nno record\n" if key.endswith("a.json") else ""))


@ON_BOTH
def test_a_warehouse_of_version_3_becomes_what_a_load_of_everything_makes(sparkify: Sparkify) -> None:
    sparkify.configure(MAX_ERRORS=1)
    put_version_3(sparkify)
    sparkify.loaded()
    expected = star_of(sparkify)
    make_older(sparkify, 3)
    done = sparkify.command("create-tables")
    assert "up from version 3 to 6" in done.out
    assert "reads the logs that are still in the bucket once more" in done.out
    loaded = sparkify.loaded()
    assert "page views  2 new" in loaded.out
    assert "plays       0 new" in loaded.out
    assert star_of(sparkify) == expected
    assert sparkify.command("check").exit_code == 0


@ON_BOTH
def test_what_a_warehouse_of_version_3_has_of_expired_logs_stays_and_is_clean(sparkify: Sparkify) -> None:
    make_older(sparkify, 3)
    put_version_3(sparkify)
    sparkify.remove("log_data/2018/11/b.json")
    sparkify.remove("log_data/2018/11/a.json")
    sparkify.created()
    sparkify.loaded()
    plays = sparkify.query("select user_id, location, title, artist_name, song_id from songplays order by start_time")
    assert plays == [
        ("15", "Chicago-Naperville-Elgin, IL-IN-WI", "Jóga", "Björk", "SO2"),
        ("7", "Paris", "Halo", "Beyoncé", "SO3"),
        ("15", "Chicago-Naperville-Elgin, IL-IN-WI", "Hello", "Adele", "SO1"),
    ]
    assert sparkify.query("select user_id, first_name, level from users order by 1") == [
        ("15", "Lily", "paid"),
        ("7", "Zoé", "paid"),
    ]
    assert sparkify.query("select count(*) from rejected_records") == [(1,)]
    assert sparkify.query("select count(*), count(page_views_staged) from runs where run_id <= 2") == [(2, 0)]
    assert sparkify.command("check").exit_code == 0


def test_an_object_that_is_loaded_stays_loaded_after_the_migration(sparkify: Sparkify) -> None:
    make_older(sparkify, 2)
    with duckdb.connect(sparkify.database) as connection:
        for key, record in SONGS.items():
            tag = etag(sparkify.put(key, lines([record])).stat())
            connection.execute("update load_history set etag = $1 where object = $2", [tag, f"bucket/{key}"])
    sparkify.created()
    assert sparkify.loaded().out.startswith("nothing new: all 2 objects are loaded")


def test_a_migration_that_is_killed_leaves_the_older_warehouse(
    sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_older(sparkify, 2)
    before = rows_of(sparkify)
    monkeypatch.setattr("sparkify.dictionary.comment_queries", lambda *_: ["select nonsense"])
    assert sparkify.command("create-tables").exit_code == 1
    assert sparkify.query("select version from warehouse") == [(2,)]
    assert rows_of(sparkify) == before
    monkeypatch.undo()
    sparkify.created()
    assert rows_of(sparkify) == before


def test_a_warehouse_older_than_the_first_migration_says_what_to_do(sparkify: Sparkify) -> None:
    with duckdb.connect(sparkify.database) as connection:
        connection.execute("update warehouse set version = 1")
    outcome = sparkify.command("create-tables")
    assert outcome.exit_code == 2
    assert "start afresh with sparkify create-tables --drop" in outcome.err


@ON_BOTH
def test_a_bucket_that_moves_replaces_itself_and_a_corrected_song_is_corrected(sparkify: Sparkify) -> None:
    sparkify.put("song_data/A/a.json", lines([song(year=2015)]))
    sparkify.put("log_data/a.json", lines([event()]))
    sparkify.loaded()
    for prefix in ("song_data", "log_data"):
        sparkify.put(f"moved/{prefix}/.keep", "x")
    sparkify.put("moved/song_data/A/a.json", lines([song(year=1999, artist_id="AR9")]))
    sparkify.put("moved/log_data/a.json", lines([event()]))
    sparkify.put("moved/log_json_path.json", JSONPATHS)
    sparkify.configure(store=f"{sparkify.store}/moved")
    sparkify.loaded()
    assert sparkify.query("select song_id, year, artist_id from songs") == [("SO1", 1999, "AR9")]
    assert sparkify.query("select artist_id from artists") == [("AR9",)]
    assert sparkify.query("select count(*), min(artist_id) from songplays") == [(1, "AR9")]
    assert sparkify.command("check").exit_code == 0


def test_a_song_object_that_has_left_the_bucket_is_counted(sparkify: Sparkify) -> None:
    for key, record in SONGS.items():
        sparkify.put(key, lines([record]))
    sparkify.put("log_data/a.json", lines([event()]))
    sparkify.loaded()
    sparkify.remove("song_data/A/b.json")
    sparkify.loaded()
    assert sparkify.query("select songs_gone from runs order by run_id") == [(0,), (1,)]
    assert "1 loaded song object is no longer in the bucket" in sparkify.command("status").out
    assert "1 loaded song object is no longer in the bucket" in sparkify.command("doctor").out


@pytest.mark.parametrize("sparkify", ["redshift"], indirect=True)
def test_a_view_of_ones_own_on_a_view_that_changes_is_named_and_stays(sparkify: Sparkify) -> None:
    make_older(sparkify, 3)
    sparkify.change("create view mine as select user_id from plays")
    before = sparkify.query("select count(*) from mine")
    done = sparkify.command("create-tables")
    done.refusal(1, "mine", "a view of yours depends on it: keep its text, drop it, run this again")
    assert sparkify.query("select count(*) from mine") == before
    sparkify.change("drop view mine")
    assert sparkify.command("create-tables").exit_code == 0


def test_the_steps_are_executed_in_their_order(sparkify: Sparkify) -> None:
    for level, year in (("free", 2001), ("paid", 2002)):  # all that the first load brought is delivered again, changed
        sparkify.put("song_data/A/a.json", lines([song(year=year)]))
        sparkify.put("log_data/a.json", lines([event(level=level), event(page="Home", level=level)]))
        err = sparkify.etl("--verbose").err
    executed = [line.split(" s  ", 1)[1].rstrip("…")[:100] for line in err.splitlines() if " s  " in line]
    at, left_out = 0, []
    for step in transform.STEPS:
        for statement in step.statements():
            text = " ".join(statement.split())[:100]
            if text in executed[at:]:
                at = executed.index(text, at) + 1
            else:
                left_out.append(step.name)
    assert not left_out


@ON_BOTH
def test_a_view_of_a_persons_own_is_not_replaced_by_one_that_is_new(sparkify: Sparkify) -> None:
    make_older(sparkify, 3)
    sparkify.change("create view sessions as select session_id from songplays")
    refused = sparkify.command("create-tables")
    assert refused.exit_code == 2
    assert "and sessions is there already, a name that a warehouse needs; rename what is yours" in refused.err
    assert sparkify.query("select version from warehouse") == [(3,)]
    sparkify.change("drop view sessions")
    sparkify.created()


@ON_BOTH
def test_songs_and_artists_are_chosen_by_their_clean_texts_though_their_objects_are_gone(sparkify: Sparkify) -> None:
    make_older(sparkify, 3)
    columns = "num_songs, artist_id, artist_name, song_id, title, duration, year, source_file"
    for name, number in ((encoded_again("Björk"), 7), ("Bjorkk", 8)):
        values = f"1, 'ARB', '{name}', 'SO{number}', 'Undo', 1, 2001, 'gone-{number}.json'"
        sparkify.change(f"insert into catalogue ({columns}) values ({values})")
    sparkify.change("insert into artists (artist_id, name) values ('ARB', 'Bjorkk')")
    sparkify.created()
    assert sparkify.query("select name from artists where artist_id = 'ARB'") == [("Björk",)]
    assert sparkify.query("select count(*) from songs where artist_id = 'ARB'") == [(2,)]


def test_create_tables_says_how_many_bad_records_the_next_load_must_allow(sparkify: Sparkify) -> None:
    make_older(sparkify, 3)
    assert (
        "(1 of their records were set aside: [ETL] MAX_ERRORS must allow so many)"
        in sparkify.command("create-tables").out
    )


@ON_BOTH
def test_a_longer_text_of_an_older_warehouse_stays_and_is_compared_with_others(sparkify: Sparkify) -> None:
    sparkify.put("log_data/a.json", lines([event()]))
    sparkify.loaded()
    if sparkify.engine == "redshift":  # as tables were created when a title took 65,535 bytes
        sparkify.change(
            "drop view plays, events cascade",
            "alter table songplays drop constraint bytes_2048_title",
            "alter table songplays alter column title type varchar(65535)",
        )
        sparkify.created()
    sparkify.change("update songplays set title = repeat('x', 2049)")
    sparkify.put("log_data/b.json", lines([event(ts=event()["ts"] + 1)]))
    sparkify.loaded()
    sparkify.put("log_data/c.json", lines([event(itemInSession=1)]))
    sparkify.loaded()
    assert sparkify.query("select count(*), max(length(title)) from songplays") == [(3, 2049)]
