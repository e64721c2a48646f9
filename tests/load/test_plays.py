"""What is computed from moments: the keys of plays, the length of sessions, and the parts of a date in `plays`."""

from collections.abc import Iterable
from datetime import UTC, datetime
from hashlib import md5

import pytest

from harness.records import event, lines
from harness.warehouse import Sparkify

MOMENTS = [
    *(
        datetime(year, month, day, 23, 59, 59, 999_000, UTC)
        for year in range(2004, 2027)
        for month, day in ((1, 1), (1, 3), (12, 28), (12, 31))
    ),
    *(datetime(2018, 11, day, hour, tzinfo=UTC) for day in range(1, 8) for hour in (0, 12)),
    datetime(2020, 2, 29, 23, 59, 59, 1_000, UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999_000, UTC),
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999_000, UTC),
]
"""The ends of years, whose weeks may be those of another year, days of each weekday, and the first and last of all."""

PARTS = ("hour", "day", "week", "month", "year", "weekday")


ON_BOTH = pytest.mark.parametrize("sparkify", ["duckdb", "redshift"], indirect=True)


def milliseconds_of(moments: Iterable[datetime]) -> list[int]:
    """The milliseconds from 1970 to each of some moments."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    return [round((moment - epoch).total_seconds() * 1000) for moment in moments]


@ON_BOTH
def test_a_play_of_any_year_is_known_by_its_milliseconds(sparkify: Sparkify) -> None:
    events = [event(ts=ts, sessionId=7, itemInSession=n, userId="5") for n, ts in enumerate(milliseconds_of(MOMENTS))]
    sparkify.put("log_data/a.json", lines(events))
    sparkify.loaded()
    keys = {f"7|{each['itemInSession']}|{each['ts']}|5" for each in events}
    ids = {songplay_id for (songplay_id,) in sparkify.query("select songplay_id from songplays")}
    assert ids == {md5(key.encode()).hexdigest() for key in keys}


@ON_BOTH
def test_the_minutes_of_a_session_are_right_in_any_year(sparkify: Sparkify) -> None:
    first, last = datetime(2037, 12, 31, 23, 59, 59, 996_000, UTC), datetime(2038, 1, 20, 1, 2, 3, 5_000, UTC)
    sparkify.put("log_data/a.json", lines(event(ts=ts, sessionId=7) for ts in milliseconds_of([first, last])))
    sparkify.loaded()
    [(minutes,)] = sparkify.query("select minutes from sessions")
    assert minutes == pytest.approx((last - first).total_seconds() / 60)


@ON_BOTH
def test_its_parts_of_a_date_are_those_of_time(sparkify: Sparkify) -> None:
    events = (event(ts=ts, itemInSession=n) for n, ts in enumerate(milliseconds_of(MOMENTS)))
    sparkify.put("log_data/a.json", lines(events))
    sparkify.loaded()
    columns = ", ".join(("start_time", *PARTS))
    in_time, in_plays = sparkify.queries(
        [f'select {columns} from "time" order by start_time', f"select {columns} from plays order by start_time"]
    )
    assert in_plays == in_time
    assert len(in_plays) == len(MOMENTS)
