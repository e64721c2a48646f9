"""What a load checks: what its batch changed. `sparkify check` looks at everything."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from harness.records import event, lines, song
from harness.warehouse import Sparkify
from sparkify import checks, sql_queries
from sparkify.engines.engine import Engine
from sparkify.extent import Extent

ON_BOTH = pytest.mark.parametrize("sparkify", ["duckdb", "redshift"], indirect=True)

DAY = 86_400_000

HARMS = {
    "songplays_unique": "insert into songplays select * from songplays where user_id = '1'",
    "users_unique": "insert into users select * from users where user_id = '1'",
    "songs_unique": "insert into songs select * from songs where song_id = 'SO1'",
    "sums": "update load_history set rows_staged = rows_staged - 1 where object_key = 'old.json'",
}
"""What must not be there, by the check that finds it: of the first user, song and log."""


@ON_BOTH
def test_harm_elsewhere_stops_no_load_and_check_finds_it(sparkify: Sparkify) -> None:
    sparkify.put("log_data/old.json", lines([event(userId="1", ts=400 * DAY)]))
    sparkify.put("song_data/old.json", lines([song(song_id="SO1")]))
    sparkify.loaded()
    for harm in HARMS.values():
        sparkify.change(harm)
    sparkify.put("log_data/new.json", lines([event(userId="2", ts=0), event(userId="2", ts=800 * DAY)]))
    sparkify.put("song_data/new.json", lines([song(song_id="SO2", artist_id="AR2")]))
    sparkify.loaded()
    assert sparkify.query("select count(*) from songplays where user_id = '2'") == [(2,)]
    found = sparkify.command("check")
    assert found.exit_code == 4
    assert [name for name in HARMS if f"check {name}: " in found.err] == [*HARMS]


BATCH_HARMS = {
    "songplays_unique": "insert into songplays select * from songplays where user_id = '2'",
    "songplays_users": "delete from users where user_id = '2'",
    "users_unique": "insert into users select * from users where user_id = '2'",
    "songs_unique": "insert into songs select * from songs where song_id = 'SO2'",
    "artists_unique": "insert into artists select * from artists where artist_id = 'AR2'",
    "catalogue_complete": "delete from artists where artist_id = 'AR2'",
    "catalogue_sums": "insert into catalogue select * from catalogue where song_id = 'SO2'",
    "sums": "update load_history set rows_staged = rows_staged - 1 where object_key = 'new.json'",
}
"""What a faulty merge might do to what the second batch brings."""


def do_before_the_checks(harm: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a merge end with a statement of its own."""
    run = checks.run

    def harmed(engine: Engine, extent: Extent, rows: Mapping[str, int]) -> None:
        engine.execute(harm)
        run(engine, extent, rows)

    monkeypatch.setattr(checks, "run", harmed)


@ON_BOTH
@pytest.mark.parametrize("check", BATCH_HARMS)
def test_what_a_merge_does_wrong_stops_its_load(
    check: str, sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    sparkify.put("song_data/old.json", lines([song(song_id="SO1", artist_id="AR2")]))
    sparkify.loaded()
    sparkify.put("log_data/new.json", lines([event(userId="2")]))
    sparkify.put("song_data/new.json", lines([song(song_id="SO2", artist_id="AR2")]))
    do_before_the_checks(BATCH_HARMS[check], monkeypatch)
    failed = sparkify.etl()
    assert failed.exit_code == 4
    assert f"check {check}: " in failed.err
    assert sparkify.query("select count(*) from load_history") == [(1,)]


def test_an_artist_that_a_merge_loses_stops_its_load(sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its other song did not change."""
    sparkify.put("song_data/a.json", lines([song(song_id="SO1", artist_id="AR1")]))
    sparkify.put("song_data/b.json", lines([song(song_id="SO2", artist_id="AR1")]))
    sparkify.loaded()
    sparkify.put("song_data/a.json", lines([song(song_id="SO1", artist_id="AR3")]))
    do_before_the_checks("delete from artists where artist_id = 'AR1'", monkeypatch)
    failed = sparkify.etl()
    assert failed.exit_code == 4
    assert "check catalogue_complete: " in failed.err


def test_every_check_says_when_a_batch_needs_it() -> None:
    assert [*checks.NEEDS] == sql_queries.names("checks")


@ON_BOTH
@pytest.mark.parametrize("log", ["of a forgotten user", "of nobody, but songs"])
def test_the_runs_tell_the_matched_plays_after_a_batch_without_events(log: str, sparkify: Sparkify) -> None:
    sparkify.put("song_data/a.json", lines([song(song_id="SO1", title="A", artist_name="B")]))
    sparkify.put("log_data/a.json", lines([event(userId=user, ts=0, song="A", artist="B") for user in ("1", "2")]))
    sparkify.loaded()
    assert sparkify.command("forget", "2", "--yes").exit_code == 0
    if log == "of a forgotten user":
        sparkify.put("log_data/b.json", lines([event(userId="2", ts=0, song="A", artist="B")]))
    else:
        sparkify.put("song_data/b.json", lines([song(song_id="SO9", title="C")]))
    sparkify.loaded()
    assert sparkify.query("select count(song_id) from songplays") == [(1,)]
    sparkify.assert_runs_tell_the_plays()


@ON_BOTH
def test_harm_where_a_batch_falls_stops_its_load(sparkify: Sparkify) -> None:
    sparkify.put("log_data/old.json", lines([event(userId="1", ts=400 * DAY)]))
    sparkify.loaded()
    sparkify.change(HARMS["songplays_unique"])
    around_it = (0, 400 * DAY - 1, 400 * DAY + 1, 800 * DAY)
    sparkify.put("log_data/new.json", lines(event(userId="2", ts=ts) for ts in around_it))
    failed = sparkify.etl()
    assert failed.exit_code == 4
    assert "check songplays_unique: " in failed.err
    assert sparkify.query("select count(*) from songplays") == [(2,)]
