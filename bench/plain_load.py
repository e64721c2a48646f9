"""One full load as a good DuckDB user would write it by hand: the same columns and keys, and no promise.

It joins the tiny song files into one buffer, names every column's type, lets DuckDB forget the order of the rows and
writes each table once with `create table as`. It keeps no history, removes no duplicates, repairs no text, checks
nothing, and can only start from nothing: the yardstick of a load that does the same work.

    python bench/plain_load.py BUCKET WAREHOUSE
"""

import sys
import tempfile
from pathlib import Path

import duckdb

EVENTS = """{artist: 'varchar', auth: 'varchar', firstName: 'varchar', gender: 'varchar', itemInSession: 'bigint',
    lastName: 'varchar', length: 'double', level: 'varchar', location: 'varchar', method: 'varchar', page: 'varchar',
    registration: 'double', sessionId: 'bigint', song: 'varchar', status: 'bigint', ts: 'bigint',
    userAgent: 'varchar', userId: 'varchar'}"""

SONGS = """{num_songs: 'bigint', artist_id: 'varchar', artist_latitude: 'double', artist_longitude: 'double',
    artist_location: 'varchar', artist_name: 'varchar', song_id: 'varchar', title: 'varchar', duration: 'double',
    year: 'bigint'}"""

STAGING = """
create table staging_events as
select
    artist as artist_name, auth, firstName as first_name, gender, itemInSession, lastName as last_name,
    length as duration, level, location as artist_location, method, page, registration, sessionId as session_id,
    song as title, status, make_timestamp(ts * 1000) as start_time, userAgent as user_agent,
    nullif(userId, '') as user_id
from read_json('{bucket}/log_data/*/*/*.json', columns = {events}, format = 'newline_delimited');

create table staging_songs as
select * from read_json('{songs_file}', columns = {songs}, format = 'newline_delimited');
"""

STAR = """
create temp macro event_key(e) as
    concat_ws('|', e.session_id, e.itemInSession, epoch_ms(e.start_time), coalesce(e.user_id, ''));

create table songplays as
select
    md5(event_key(e)) as songplay_id,
    e.start_time, e.user_id, e.level, s.song_id, s.artist_id, e.session_id, e.artist_location as location,
    e.user_agent, e.itemInSession as item_in_session, e.title, e.artist_name, e.duration
from staging_events as e
left join staging_songs as s on s.title = e.title and s.artist_name = e.artist_name
where e.page = 'NextSong';

create table page_views as
select
    md5(md5(event_key(e)) || e.page) as page_view_id,
    e.start_time, e.user_id, e.level, e.session_id, e.itemInSession as item_in_session, e.page, e.method, e.status,
    e.auth, e.artist_location as location, e.user_agent
from staging_events as e
where e.page <> 'NextSong';

create table users as
select
    user_id, e.first_name, e.last_name, e.gender, e.level, e.start_time as latest_start_time,
    e.itemInSession as latest_item_in_session, make_timestamp(cast(e.registration as bigint) * 1000) as registered_at
from (
    select user_id, arg_max(e, (e.start_time, e.itemInSession)) as e
    from staging_events as e
    where user_id is not null
    group by user_id
);

create table songs as
select song_id, any_value(title) as title, any_value(artist_id) as artist_id, any_value(nullif(year, 0)) as year,
    any_value(duration) as duration
from staging_songs
group by song_id;

create table artists as
select
    artist_id,
    any_value(artist_name) as name,
    any_value(artist_location) as location,
    any_value(artist_latitude) as latitude,
    any_value(artist_longitude) as longitude
from staging_songs
group by artist_id;

create table "time" as
select
    start_time,
    extract(hour from start_time) as hour,
    extract(day from start_time) as day,
    extract(week from start_time) as week,
    extract(month from start_time) as month,
    extract(year from start_time) as year,
    extract(dow from start_time) as weekday
from (select distinct start_time from songplays);
"""


def main(bucket: str, warehouse: str) -> None:
    with tempfile.NamedTemporaryFile(suffix=".json") as songs_file, duckdb.connect(warehouse) as connection:
        objects = sorted(Path(bucket, "song_data").glob("*/*/*/*.json"))
        songs_file.write(b"\n".join(path.read_bytes() for path in objects))
        songs_file.flush()
        connection.execute("set preserve_insertion_order = false")
        connection.execute(STAGING.format(bucket=bucket, events=EVENTS, songs=SONGS, songs_file=songs_file.name))
        connection.execute(STAR)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
