"""A warehouse that is exported whole and imported is the same, on either engine, and the next load goes on with it."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.examples import TIMES
from harness.older import make_older
from harness.records import event, lines, song
from harness.redshift import OnRedshift
from harness.warehouse import Sparkify
from harness.whole import beside, exported, filled, imported, reaching
from sparkify import sql_queries
from sparkify.engines.whole_export import MANIFEST

ON_REDSHIFT = pytest.mark.parametrize("sparkify", ["redshift"], indirect=True)
ON_BOTH = pytest.mark.parametrize("sparkify", ["duckdb", "redshift"], indirect=True)


def content(sparkify: Sparkify) -> dict[str, list[str]]:
    """The rows of all lasting tables."""
    return sparkify.content(with_runs=True)


def test_from_duckdb_to_redshift_and_back_all_rows_are_the_same(
    model: Sparkify, whole: Path, target: Sparkify, redshift: OnRedshift
) -> None:
    expected = content(model)
    assert all(rows for table, rows in expected.items() if table != "load_lock"), "a table has nothing to compare"
    done = imported(redshift, whole)
    assert done.out.splitlines()[-1].startswith(f"imported the warehouse of {whole} into redshift://")
    assert content(redshift) == expected
    assert redshift.command("check").exit_code == 0
    assert not redshift.keys("work/")
    address = exported(redshift, f"{redshift.store}/export")
    with reaching(redshift):
        imported(target, address)
    assert content(target) == expected
    assert target.command("check").exit_code == 0


def test_every_table_that_lasts_is_in_a_whole_export(whole: Path) -> None:
    manifest = json.loads((whole / MANIFEST).read_text())
    lasting = set(sql_queries.names("create")) - {*sql_queries.BATCH, *sql_queries.VIEWS}
    assert set(manifest["tables"]) == lasting - {"load_lock"}
    assert "-- Grain: no rows." in sql_queries.read("create", "load_lock")


def test_a_warehouse_that_was_imported_goes_on_where_the_other_was(
    model: Sparkify, whole: Path, target: Sparkify
) -> None:
    imported(target, whole)
    assert target.loaded().out.startswith("nothing new: all 2 objects are loaded")
    status = target.command("status").out
    assert "run 1  " in status
    assert "  failed: " in status
    assert target.query("select salt, user_digest from forgotten_users") == model.query(
        "select salt, user_digest from forgotten_users"
    )
    # The users and their plays come again, under another name.
    target.configure(MAX_ERRORS=1)
    target.put("song_data/A/b.json", lines([song()]))
    target.put("log_data/b.json", lines([event(itemInSession=n, userId=str(n)) for n in range(5)]))
    loaded = target.loaded().out
    assert "1 event of forgotten users left out" in loaded
    assert "plays       0 new" in loaded
    assert target.query("select count(*) from users where user_id = '3'") == [(0,)]


@ON_REDSHIFT
def test_from_redshift_to_duckdb_the_objects_of_the_bucket_stay_loaded_and_no_secret_is_in_the_export(
    sparkify: OnRedshift, tmp_path: Path
) -> None:
    filled(sparkify)
    target = beside(sparkify, tmp_path / "target")
    with reaching(sparkify):
        imported(target, exported(sparkify, f"{sparkify.store}/export"))
        assert content(target) == content(sparkify)
        assert target.loaded().out.startswith("nothing new: all 2 objects are loaded")
    secrets = sparkify.stand_in.password, sparkify.environment["AWS_SECRET_ACCESS_KEY"]
    for key in sparkify.keys("export/"):
        written = sparkify.s3.get_object(Bucket=sparkify.bucket_name, Key=key)["Body"].read()
        assert not [secret for secret in secrets if secret.encode() in written]


@ON_BOTH
def test_an_empty_warehouse_gives_way_to_one_that_is_imported(sparkify: Sparkify, model: Sparkify, whole: Path) -> None:
    imported(sparkify, whole)
    assert content(sparkify) == content(model)
    assert sparkify.command("create-tables").out.startswith("the tables are there already")


@ON_REDSHIFT
def test_an_empty_warehouse_of_redshift_whose_unload_writes_no_file_is_imported(
    sparkify: OnRedshift, tmp_path: Path
) -> None:
    target = beside(sparkify, tmp_path / "target")
    with reaching(sparkify):
        imported(target, exported(sparkify, f"{sparkify.store}/export"))
    assert content(target) == content(sparkify)


# ---------------------------------------------------------------- values


INTEGERS = st.integers(-(2**63), 2**63 - 1)
DOUBLES = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60)
MOMENTS = st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999_999))
SONGS = st.tuples(
    st.none() | INTEGERS, TEXTS, st.none() | DOUBLES, st.none() | DOUBLES, st.none() | TEXTS, st.none() | TEXTS, TEXTS,
    st.none() | TEXTS, st.none() | DOUBLES, st.none() | INTEGERS, TEXTS,
)  # fmt: skip
RUNS = st.tuples(INTEGERS, MOMENTS, st.none() | MOMENTS, st.none() | TEXTS)
Values: TypeAlias = tuple[Sequence[tuple[object, ...]], Sequence[tuple[object, ...]]]
"""The rows of the catalogue, and of some columns of the runs."""

EDGES: Values = (
    [
        (
            2**63 - 1,
            "",
            math.ulp(0.0),
            -0.0,
            "",
            None,
            " ",
            "\\N\t\r\n'\"\\",
            1.7976931348623157e308,
            -(2**63),
            "%s $1",
        ),
        (None, "é" * 60, 0.1, 1e22, " a ", "\x01\x7f\u2028", "🎵", "é" * 1_500, 5e-324, 0, "a/b"),
    ],
    [(1, datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59, 59, 999_999), ""), (2, datetime(1970, 1, 1), None, None)],
)


def with_values(sparkify: Sparkify, values: Values) -> Sparkify:
    """A new warehouse with such songs and runs, behind the program's back."""
    sparkify.with_tables()
    songs, runs = values
    with duckdb.connect(sparkify.database) as connection:
        if songs:
            connection.executemany(f"insert into catalogue values ({', '.join('?' * 11)})", songs)
        if runs:
            names = "run_id, started_at, finished_at, error, status, batches, objects, bytes, events, plays_staged"
            more = "plays_inserted, plays_known, songs, rejected"
            zeros = "'done', 0, 0, 0, 0, 0, 0, 0, 0, 0"
            connection.executemany(f"insert into runs ({names}, {more}) values (?, ?, ?, ?, {zeros})", runs)
    return sparkify


@settings(max_examples=8 * TIMES)
@given(st.tuples(st.lists(SONGS, max_size=20), st.lists(RUNS, max_size=20)))
def test_every_value_travels_unchanged_between_files_of_duckdb(
    tmp_path_factory: pytest.TempPathFactory, values: Values
) -> None:
    folder = tmp_path_factory.mktemp("values")
    source = with_values(Sparkify(folder / "source"), values)
    target = beside(source, folder / "target")
    imported(target, exported(source, folder / "export"))
    assert content(target) == content(source)


def test_every_value_travels_unchanged_through_redshift(tmp_path: Path, redshift: OnRedshift) -> None:
    """One of them is a text of an older warehouse, longer than a column takes today."""
    source = with_values(Sparkify(tmp_path / "source"), EDGES)
    imported(redshift, exported(source, tmp_path / "export"))
    assert content(redshift) == content(source)
    target = beside(source, tmp_path / "target")
    with reaching(redshift):
        imported(target, exported(redshift, f"{redshift.store}/export"))
    assert content(target) == content(source)


def test_a_column_of_somebody_else_travels_or_is_refused(sparkify: Sparkify, tmp_path: Path) -> None:
    sparkify.change("alter table users add column Team varchar")
    target = beside(sparkify, tmp_path / "target")
    imported(target, exported(sparkify, tmp_path / "export"))
    assert target.query("select team from users") == []
    sparkify.change("alter table users add column tags varchar[]")
    done = sparkify.command("export", str(tmp_path / "other"), "--whole")
    done.refusal(2, "users has a column of another program, tags (varchar[]); drop it")


# ---------------------------------------------------------------- older warehouses


@ON_BOTH
def test_an_older_warehouse_becomes_by_import_into_the_other_engine_what_it_becomes_in_place(
    sparkify: Sparkify, redshift: OnRedshift, tmp_path: Path
) -> None:
    make_older(sparkify, 3)
    is_duckdb = sparkify.engine == "duckdb"
    target = redshift if is_duckdb else beside(sparkify, tmp_path / "target")
    source = exported(sparkify, tmp_path / "export" if is_duckdb else f"{sparkify.store}/export")
    with reaching(redshift):
        done = imported(target, source)
        assert target.command("check").exit_code == 0
    versions = f"from version 3 to {sql_queries.WAREHOUSE_VERSION}"
    assert f"and brought it up {versions}; the next load reads the logs" in done.out
    assert sparkify.command("create-tables").exit_code == 0
    assert content(target) == content(sparkify)
    assert target.query("select version from warehouse") == [(sql_queries.WAREHOUSE_VERSION,)]


def test_a_warehouse_that_keeps_its_songs_elsewhere_is_brought_up_before_it_is_exported(
    sparkify: Sparkify, tmp_path: Path
) -> None:
    make_older(sparkify, 2)
    done = sparkify.command("export", str(tmp_path / "export"), "--whole")
    done.refusal(2, "a warehouse of version 2 is not exported whole", "run sparkify create-tables first")
    assert not (tmp_path / "export").exists()
