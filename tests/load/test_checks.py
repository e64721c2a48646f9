"""What a load checks: what its batch changed. `sparkify check` looks at everything."""

from __future__ import annotations

import pytest

from harness.records import event, lines, song
from harness.warehouse import Sparkify

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


@ON_BOTH
def test_harm_where_a_batch_falls_stops_its_load(sparkify: Sparkify) -> None:
    sparkify.put("log_data/old.json", lines([event(userId="1", ts=400 * DAY)]))
    sparkify.loaded()
    sparkify.change(HARMS["songplays_unique"])
    sparkify.put("log_data/new.json", lines([event(userId="2", ts=n * DAY) for n in (0, 399, 401, 800)]))
    failed = sparkify.etl()
    assert failed.exit_code == 4
    assert "check songplays_unique: " in failed.err
    assert sparkify.query("select count(*) from songplays") == [(2,)]
