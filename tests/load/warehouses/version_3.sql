-- A warehouse of version 3, as its program made it: three songs, two logs with a bad record, two runs. Some texts are encoded
-- twice or three times, and some end in blanks, also a key. In Redshift the staging and work tables are temporary.

/* duckdb: create table staging_events (
    artist_name varchar(65535),
    auth varchar(256),
    first_name varchar(256),
    gender varchar(256),
    itemInSession bigint not null,
    last_name varchar(256),
    duration double precision,
    level varchar(256),
    artist_location varchar(65535),
    method varchar(256),
    page varchar(256),
    registration double precision,
    session_id bigint not null,
    title varchar(65535),
    status bigint,
    start_time timestamp not null,
    user_agent varchar(65535),
    user_id varchar(256)
); */

/* duckdb: create table staging_songs (
    num_songs bigint,
    artist_id varchar(256) not null,
    artist_latitude double precision,
    artist_longitude double precision,
    artist_location varchar(65535),
    artist_name varchar(65535),
    song_id varchar(256) not null,
    title varchar(65535),
    duration double precision,
    year bigint,
    source_file varchar(4096) not null
); */

/* duckdb: create table staging_objects (
    kind varchar(16) not null,
    object_key varchar(4096) not null,
    object varchar(4096) not null,
    etag varchar(256) not null,
    size bigint not null,
    records_read bigint not null,
    rows_staged bigint not null,
    rows_rejected bigint not null
); */

/* duckdb: create table staging_rejected_records (
    object varchar(4096) not null,
    line bigint,
    column_name varchar(256),
    reason varchar(65535) not null,
    raw_text varchar(65535)
); */

/* duckdb: create table changed_songs (
    song_id varchar(256) not null,
    artist_id varchar(256) not null,
    title varchar(65535),
    artist_name varchar(65535)
); */

/* duckdb: create table play_match_keys (
    title varchar(65535),
    artist_name varchar(65535),
    duration double precision
); */

/* duckdb: create table song_matches (
    title varchar(65535) not null,
    artist_name varchar(65535) not null,
    duration double precision,
    song_id varchar(256),
    artist_id varchar(256)
); */

/* duckdb: create table duplicate_times (
    start_time timestamp not null
); */

/* duckdb: create table duplicate_plays (
    songplay_id varchar(32) not null,
    start_time timestamp not null,
    user_id varchar(256),
    level varchar(256),
    session_id bigint not null,
    location varchar(65535),
    user_agent varchar(65535),
    item_in_session bigint not null,
    title varchar(65535),
    artist_name varchar(65535),
    duration double precision,
    is_loaded integer not null,
    is_known integer not null,
    choice bigint not null
); */

/* duckdb: create table latest_users (
    user_id varchar(256) not null,
    first_name varchar(256),
    last_name varchar(256),
    gender varchar(256),
    level varchar(256),
    latest_start_time timestamp not null,
    latest_item_in_session bigint not null
); */

create table catalogue (
    num_songs bigint,
    artist_id varchar(256) not null,
    artist_latitude double precision,
    artist_longitude double precision,
    artist_location varchar(65535),
    artist_name varchar(65535),
    song_id varchar(256) not null,
    title varchar(65535),
    duration double precision,
    year bigint,
    source_file varchar(4096) not null
);

create table users (
    user_id varchar(256) not null,
    first_name varchar(256),
    last_name varchar(256),
    gender varchar(256),
    level varchar(256),
    latest_start_time timestamp not null,
    latest_item_in_session bigint not null
);

create table artists (
    artist_id varchar(256) not null,
    name varchar(65535),
    location varchar(65535),
    latitude double precision,
    longitude double precision
);

create table songs (
    song_id varchar(256) not null,
    title varchar(65535),
    artist_id varchar(256) not null,
    year bigint,
    duration double precision
);

create table "time" (
    start_time timestamp not null,
    hour integer not null,
    day integer not null,
    week integer not null,
    month integer not null,
    year integer not null,
    weekday integer not null
);

create table songplays (
    songplay_id varchar(32) not null,
    start_time timestamp not null,
    user_id varchar(256),
    level varchar(256),
    song_id varchar(256),
    artist_id varchar(256),
    session_id bigint not null,
    location varchar(65535),
    user_agent varchar(65535),
    item_in_session bigint not null,
    title varchar(65535),
    artist_name varchar(65535),
    duration double precision
);

create table load_history (
    kind varchar(16) not null,
    object_key varchar(4096) not null,
    object varchar(4096) not null,
    etag varchar(256) not null,
    size bigint not null,
    run_id bigint not null,
    batch bigint not null,
    records_read bigint not null,
    rows_staged bigint not null,
    rows_rejected bigint not null,
    loaded_at timestamp not null
);

create table runs (
    run_id bigint not null,
    started_at timestamp not null,
    finished_at timestamp,
    status varchar(16) not null,
    error varchar(65535),
    batches bigint not null,
    objects bigint not null,
    bytes bigint not null,
    events bigint not null,
    plays_staged bigint not null,
    plays_inserted bigint not null,
    plays_known bigint not null,
    songs bigint not null,
    rejected bigint not null,
    songs_gone bigint
);

create table rejected_records (
    run_id bigint not null,
    object varchar(4096) not null,
    line bigint,
    column_name varchar(256),
    reason varchar(65535) not null,
    raw_text varchar(65535)
);

create table load_lock (
    locked bigint
);

create table warehouse (
    version bigint not null
);

/* duckdb: create view delivered_plays as
select
    md5(
        cast(session_id as varchar(20)) || '|' || cast(itemInSession as varchar(20)) || '|'
        || cast(
            cast(extract(epoch from date_trunc('second', start_time)) as bigint) * 1000
            + mod(cast(extract(millisecond from start_time) as bigint), 1000)
            as varchar(20)
        ) || '|' || coalesce(user_id, '')
    ) as songplay_id,
    start_time,
    user_id,
    level,
    session_id,
    artist_location as location,
    user_agent,
    itemInSession as item_in_session,
    title,
    artist_name,
    duration
from staging_events
where page = 'NextSong'; */

create view plays as
select
    p.songplay_id,
    p.start_time,
    t.hour,
    t.day,
    t.week,
    t.month,
    t.year,
    t.weekday,
    p.user_id,
    u.first_name,
    u.last_name,
    u.gender,
    p.level,
    u.level as current_level,
    p.session_id,
    p.item_in_session,
    p.location,
    p.user_agent,
    p.title,
    p.artist_name,
    p.duration,
    p.song_id,
    s.year as song_year,
    p.artist_id,
    a.name as catalogue_artist_name,
    a.location as artist_location,
    a.latitude as artist_latitude,
    a.longitude as artist_longitude
from songplays as p
inner join "time" as t on t.start_time = p.start_time
left join users as u on u.user_id = p.user_id
left join songs as s on s.song_id = p.song_id
left join artists as a on a.artist_id = p.artist_id;

insert into "catalogue" (num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name, song_id, title, duration, year, source_file) values (1, 'AR1', null, null, '', 'Adele', 'SO1', 'Hello', 295.5, 2015, 'A/a.json');

insert into "catalogue" (num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name, song_id, title, duration, year, source_file) values (1, 'AR2', null, null, '', 'Björk', 'SO2', 'Jóga ', 295.5, 0, 'A/b.json');

insert into "catalogue" (num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name, song_id, title, duration, year, source_file) values (1, 'AR3', null, null, '', 'BeyoncÃ©', 'SO3', 'Halo', 295.5, 2008, 'A/c.json');

insert into "users" (user_id, first_name, last_name, gender, level, latest_start_time, latest_item_in_session) values ('15', 'Lily', 'Koch', 'F', 'paid', timestamp '2018-11-22 00:03:52.796000', 0);

insert into "users" (user_id, first_name, last_name, gender, level, latest_start_time, latest_item_in_session) values ('7', 'ZoÃ©', 'Koch', 'F', 'paid', timestamp '2018-11-03 05:12:15.796000', 0);

insert into "users" (user_id, first_name, last_name, gender, level, latest_start_time, latest_item_in_session) values ('7 ', 'ZoÃ©', 'Koch', 'F', 'paid', timestamp '2018-11-03 05:12:16.796000', 4);

insert into "artists" (artist_id, name, location, latitude, longitude) values ('AR1', 'Adele', null, null, null);

insert into "artists" (artist_id, name, location, latitude, longitude) values ('AR2', 'Björk', null, null, null);

insert into "artists" (artist_id, name, location, latitude, longitude) values ('AR3', 'BeyoncÃ©', null, null, null);

insert into "songs" (song_id, title, artist_id, year, duration) values ('SO1', 'Hello', 'AR1', 2015, 295.5);

insert into "songs" (song_id, title, artist_id, year, duration) values ('SO2', 'Jóga ', 'AR2', null, 295.5);

insert into "songs" (song_id, title, artist_id, year, duration) values ('SO3', 'Halo', 'AR3', 2008, 295.5);

insert into "time" (start_time, hour, day, week, month, year, weekday) values (timestamp '2018-11-02 01:25:35.796000', 1, 2, 44, 11, 2018, 5);

insert into "time" (start_time, hour, day, week, month, year, weekday) values (timestamp '2018-11-03 05:12:15.796000', 5, 3, 44, 11, 2018, 6);

insert into "time" (start_time, hour, day, week, month, year, weekday) values (timestamp '2018-11-22 00:03:52.796000', 0, 22, 47, 11, 2018, 4);

insert into "songplays" (songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent, item_in_session, title, artist_name, duration) values ('4f91695137ec8b587db8b04cf02d1365', timestamp '2018-11-02 01:25:35.796000', '15', 'paid', null, null, 818, 'Chicago-Naperville-Elgin, IL-IN-WI', '"Mozilla/5.0 (X11; Linux x86_64)"', 1, 'JÃÂ³ga', 'BjÃ¶rk', 295.5);

insert into "songplays" (songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent, item_in_session, title, artist_name, duration) values ('5bfdc361a1a44bb1ea58ea23682effa0', timestamp '2018-11-03 05:12:15.796000', '7', 'paid', null, null, 8, 'Paris ', '"Mozilla/5.0 (X11; Linux x86_64)"', 0, 'Halo', 'Beyoncé', 295.5);

insert into "songplays" (songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent, item_in_session, title, artist_name, duration) values ('b1c349b9e9ec45082fe8eee0c939aca1', timestamp '2018-11-22 00:03:52.796000', '15', 'paid', 'SO1', 'AR1', 818, 'Chicago-Naperville-Elgin, IL-IN-WI', '"Mozilla/5.0 (X11; Linux x86_64)"', 0, 'Hello', 'Adele', 295.5);

insert into "songplays" (songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent, item_in_session, title, artist_name, duration) values ('b20703773209a4f7ab6e7df88c5f5960', timestamp '2018-11-03 05:12:15.796000', '7 ', 'paid', null, null, 8, 'Paris', '"Mozilla/5.0 (X11; Linux x86_64)"', 0, 'Halo', 'Beyoncé', 295.5);

insert into "load_history" (kind, object_key, object, etag, size, run_id, batch, records_read, rows_staged, rows_rejected, loaded_at) values ('events', '2018/11/a.json', 'bucket/log_data/2018/11/a.json', '"20c19b-6614a11bf766d-4f5"', 1269, 1, 1, 4, 3, 1, timestamp '2026-11-27 23:03:34.212008');

insert into "load_history" (kind, object_key, object, etag, size, run_id, batch, records_read, rows_staged, rows_rejected, loaded_at) values ('events', '2018/11/b.json', 'bucket/log_data/2018/11/b.json', '"20c19c-6614a11bf774f-4b6"', 1206, 1, 1, 3, 3, 0, timestamp '2026-11-27 23:03:34.212008');

insert into "load_history" (kind, object_key, object, etag, size, run_id, batch, records_read, rows_staged, rows_rejected, loaded_at) values ('songs', 'A/a.json', 'bucket/song_data/A/a.json', '"20c18c-6614a11bf74b9-cb"', 203, 1, 1, 1, 1, 0, timestamp '2026-11-27 23:03:34.212008');

insert into "load_history" (kind, object_key, object, etag, size, run_id, batch, records_read, rows_staged, rows_rejected, loaded_at) values ('songs', 'A/b.json', 'bucket/song_data/A/b.json', '"20c18e-6614a11bf7502-d2"', 210, 1, 1, 1, 1, 0, timestamp '2026-11-27 23:03:34.212008');

insert into "load_history" (kind, object_key, object, etag, size, run_id, batch, records_read, rows_staged, rows_rejected, loaded_at) values ('songs', 'A/c.json', 'bucket/song_data/A/c.json', '"20c18f-6614a11bf753a-d7"', 215, 1, 1, 1, 1, 0, timestamp '2026-11-27 23:03:34.212008');

insert into "runs" (run_id, started_at, finished_at, status, error, batches, objects, bytes, events, plays_staged, plays_inserted, plays_known, songs, rejected, songs_gone) values (1, timestamp '2026-11-27 23:03:34.064688', timestamp '2026-11-27 23:03:34.215944', 'done', null, 1, 5, 3103, 6, 4, 4, 0, 3, 1, 0);

insert into "runs" (run_id, started_at, finished_at, status, error, batches, objects, bytes, events, plays_staged, plays_inserted, plays_known, songs, rejected, songs_gone) values (2, timestamp '2026-11-27 23:03:34.485722', timestamp '2026-11-27 23:03:34.491231', 'done', null, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

insert into "rejected_records" (run_id, object, line, column_name, reason, raw_text) values (1, 'bucket/log_data/2018/11/a.json', 4, null, 'is not JSON: Expecting value at character 1', 'no record');

insert into "warehouse" (version) values (3)
