"""The view `plays`: its parts of a date are computed, and are those of the table `time`."""

from datetime import UTC, datetime

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


@pytest.mark.parametrize("sparkify", ["duckdb", "redshift"], indirect=True)
def test_its_parts_of_a_date_are_those_of_time(sparkify: Sparkify) -> None:
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    milliseconds = [round((moment - epoch).total_seconds() * 1000) for moment in MOMENTS]
    sparkify.put("log_data/a.json", lines(event(ts=ts, itemInSession=n) for n, ts in enumerate(milliseconds)))
    sparkify.loaded()
    columns = ", ".join(("start_time", *PARTS))
    in_time, in_plays = sparkify.queries(
        [f'select {columns} from "time" order by start_time', f"select {columns} from plays order by start_time"]
    )
    assert in_plays == in_time
    assert len(in_plays) == len(MOMENTS)
