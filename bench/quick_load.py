"""One full load that is only quick: the columns that the task names, no keys, no page views, nothing kept in staging.

It walks the song folder with `os.scandir`, reads each file with one system call, and joins them into one buffer: the
yardstick of a load of many tiny files.

    python bench/quick_load.py BUCKET WAREHOUSE
"""

import os
import sys
from collections.abc import Iterator

import duckdb

EVENTS = """{artist: 'varchar', firstName: 'varchar', gender: 'varchar', lastName: 'varchar', level: 'varchar',
    location: 'varchar', page: 'varchar', sessionId: 'bigint', song: 'varchar', ts: 'bigint', userAgent: 'varchar',
    userId: 'varchar'}"""

SONGS = """{artist_id: 'varchar', artist_latitude: 'double', artist_longitude: 'double', artist_location: 'varchar',
    artist_name: 'varchar', song_id: 'varchar', title: 'varchar', duration: 'double', year: 'bigint'}"""

LOAD = """
create temp table plays as
select * exclude (ts, page), make_timestamp(ts * 1000) as start_time
from read_json('{bucket}/log_data/*/*/*.json', columns = {events}, format = 'newline_delimited')
where page = 'NextSong';

create temp table records as
select * from read_json('{songs_file}', columns = {songs}, format = 'newline_delimited');

create table songplays as
select
    p.start_time, p.userId as user_id, p.level, r.song_id, r.artist_id, p.sessionId as session_id, p.location,
    p.userAgent as user_agent
from plays as p
left join records as r on r.title = p.song and r.artist_name = p.artist;

create table users as
select userId as user_id, any_value(firstName) as first_name, any_value(lastName) as last_name,
    any_value(gender) as gender, arg_max(level, start_time) as level
from plays
group by userId;

create table songs as
select song_id, title, artist_id, year, duration
from records;

create table artists as
select artist_id, any_value(artist_name) as name, any_value(artist_location) as location,
    any_value(artist_latitude) as latitude, any_value(artist_longitude) as longitude
from records
group by artist_id;

create table "time" as
select
    start_time, hour(start_time) as hour, day(start_time) as day, week(start_time) as week,
    month(start_time) as month, year(start_time) as year, dayofweek(start_time) as weekday
from (select distinct start_time from plays);
"""

LARGEST = 65_536
"""Bytes that are read of a song file."""


def files(folder: str) -> Iterator[str]:
    """The files below a folder."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                yield from files(entry.path)
            else:
                yield entry.path


def read(path: str) -> bytes:
    """The content of a file."""
    descriptor = os.open(path, os.O_RDONLY)
    content = os.read(descriptor, LARGEST)
    os.close(descriptor)
    return content


def main(bucket: str, warehouse: str) -> None:
    songs_file = f"{warehouse}.songs.json"
    with open(songs_file, "wb", buffering=0) as file:
        file.write(b"\n".join([read(path) for path in files(f"{bucket}/song_data")]))
    with duckdb.connect(warehouse) as connection:
        connection.execute("set preserve_insertion_order = false")
        connection.execute(LOAD.format(bucket=bucket, events=EVENTS, songs=SONGS, songs_file=songs_file))
    os.unlink(songs_file)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
