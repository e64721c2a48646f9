"""The buckets that are measured: Sparkify's real files, a large sample, and log days of any size, made quickly.

    python bench/buckets.py FOLDER --first 0 --days 20 --events 1000000

writes such days of logs below FOLDER/log_data, from 2019-01-01 + first on, at 2 to 3 seconds of processor time a
million events: DuckDB writes the lines, from the sessions of the large sample.
"""

from __future__ import annotations

import argparse
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from sparkify.sample import JSONPATHS, write_sample

ROOT = Path(__file__).resolve().parent.parent
REAL = ROOT.parent / "shared" / "data"
LARGE = ROOT / "bench" / "data"
TEMPLATE = LARGE / "template.duckdb"

SONGS, EVENTS = 15_000, 5_000_000
"""Of the large sample."""

START = datetime(2019, 1, 1, tzinfo=UTC)

MAKE_TEMPLATE = """
create table events as
with logged as (
    select *
    from read_json('{log_data}/*/*/*.json', format = 'newline_delimited', columns = {{
        artist: 'varchar', auth: 'varchar', firstName: 'varchar', gender: 'varchar', itemInSession: 'bigint',
        lastName: 'varchar', length: 'double', level: 'varchar', location: 'varchar', method: 'varchar',
        page: 'varchar', registration: 'double', sessionId: 'bigint', song: 'varchar', status: 'bigint',
        ts: 'bigint', userAgent: 'varchar', userId: 'varchar'
    }})
),

spans as (
    select sessionId, min(ts) as first_ts, max(ts) - min(ts) as duration
    from logged
    group by sessionId
)

select logged.*, first_ts % 86_400_000 * (86_399_000 - duration) // 86_400_000 + ts - first_ts as day_ms
from logged
join spans using (sessionId)
order by day_ms
"""
"""The days of the sample on top of each other, and when in its day each event happens: no session goes on after
midnight, for long ones begin earlier."""

WRITE_DAY = """
copy (
    select * exclude (day_ms) replace (
        sessionId + {day} * 10_000_000 as sessionId,
        {midnight_ms} + day_ms + {day} * 7 % 1000 as ts,
        case
            when userId like '%7' then cast(cast(userId as bigint) + {day} * 1_000_000 as varchar)
            else userId
        end as userId
    )
    from events
    where hash(sessionId, {day}) % 1_000_000 < {share} * 1_000_000
) to '{file}' (format json)
"""
"""Another part of the sessions each day; one user in ten is new each day, and the others are always the same."""


def large() -> Path:
    """The large sample, 2.3 GB, which is made once, in some minutes."""
    if not LARGE.exists():
        with tempfile.TemporaryDirectory(prefix="tmp", dir=ROOT / "bench") as folder:
            write_sample(Path(folder) / "data", SONGS, EVENTS, seed=1)
            (Path(folder) / "data").rename(LARGE)
    return LARGE


def template() -> Path:
    """The sessions of which days are made, in a DuckDB file of 180 MB, which is made once, in half a minute."""
    if not TEMPLATE.exists():
        with tempfile.TemporaryDirectory(prefix="tmp", dir=ROOT / "bench") as folder:
            file = Path(folder) / "template.duckdb"
            with duckdb.connect(file) as connection:
                connection.execute(MAKE_TEMPLATE.format(log_data=large() / "log_data"))
            file.rename(TEMPLATE)
    return TEMPLATE


def day_file(log_data: Path, day: int) -> Path:
    """Where the log of a day is, counted from 0."""
    date = START + timedelta(days=day)
    return log_data / f"{date:%Y/%m}" / f"{date:%Y-%m-%d}-events.json"


def write_days(log_data: Path, first: int, days: int, events: int) -> None:
    """Write days of about so many events, each whole or not at all."""
    with duckdb.connect(template(), read_only=True) as connection:
        for day in range(first, first + days):
            file = day_file(log_data, day)
            file.parent.mkdir(parents=True, exist_ok=True)
            part = file.with_suffix(".part")
            midnight_ms = int((START + timedelta(days=day)).timestamp()) * 1000
            values = {"day": day, "midnight_ms": midnight_ms, "share": events / EVENTS, "file": part}
            connection.execute(WRITE_DAY.format(**values))
            part.rename(file)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--first", type=int, default=0, help="the first day, counted from 0")
    parser.add_argument("--days", type=int, default=1)
    parser.add_argument("--events", type=int, default=1_000_000, help=f"of each day, about; at most {EVENTS:,}")
    options = parser.parse_args()
    if not 0 < options.events <= EVENTS:
        parser.error(f"a day has from 1 to {EVENTS:,} events")
    write_days(options.folder / "log_data", options.first, options.days, options.events)
    (options.folder / "log_json_path.json").write_text(JSONPATHS)


if __name__ == "__main__":
    main()
