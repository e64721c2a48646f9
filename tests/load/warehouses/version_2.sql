-- A warehouse of version 2, as its program made it: two songs, two logs with a bad record, two runs.

create table staging_events (
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
);

create table changed_songs (
    song_id varchar(256) not null,
    artist_id varchar(256) not null,
    title varchar(65535),
    artist_name varchar(65535)
);

create table replaced_objects (
    object varchar(4096) not null
);

create table play_words (
    title varchar(65535),
    artist_name varchar(65535),
    duration double precision
);

create table song_matches (
    title varchar(65535) not null,
    artist_name varchar(65535) not null,
    duration double precision,
    song_id varchar(256),
    artist_id varchar(256)
);

create table contested_times (
    start_time timestamp not null
);

create table contested_plays (
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
);

create table latest_users (
    user_id varchar(256) not null,
    first_name varchar(256),
    last_name varchar(256),
    gender varchar(256),
    level varchar(256),
    latest_start_time timestamp not null,
    latest_item_in_session bigint not null
);

create table staging_songs (
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
    object varchar(4096) not null,
    kind varchar(16) not null,
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
    rejected bigint not null
   
);

create table rejected_records (
    run_id bigint not null,
    object varchar(4096) not null,
    line bigint,
    column_name varchar(256),
    reason varchar(65535) not null,
    raw_text varchar(65535)
);

create table warehouse (
    version bigint not null
);

create or replace view delivered_plays as
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
where page = 'NextSong';

create or replace view plays as
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

insert into "staging_events" (artist_name, auth, first_name, gender, itemInSession, last_name, duration, level, artist_location, method, page, registration, session_id, title, status, start_time, user_agent, user_id) values (null, 'Logged In', 'Lily', 'F', 0, 'Koch', null, 'paid', 'Chicago-Naperville-Elgin, IL-IN-WI', 'PUT', 'Home', 1541048010796.0, 100, null, 200, timestamp '2018-11-12 05:20:00', '"Mozilla/5.0 (X11; Linux x86_64)"', '15');

insert into "staging_events" (artist_name, auth, first_name, gender, itemInSession, last_name, duration, level, artist_location, method, page, registration, session_id, title, status, start_time, user_agent, user_id) values ('Adele', 'Logged In', 'Lily', 'F', 1, 'Koch', 295.5, 'paid', 'Chicago-Naperville-Elgin, IL-IN-WI', 'PUT', 'NextSong', 1541048010796.0, 100, 'Hello', 200, timestamp '2018-11-12 05:20:01', '"Mozilla/5.0 (X11; Linux x86_64)"', '15');

insert into "play_words" (title, artist_name, duration) values ('Hello', 'Adele', 295.5);

insert into "song_matches" (title, artist_name, duration, song_id, artist_id) values ('Hello', 'Adele', 295.5, 'SO1', 'AR1');

insert into "latest_users" (user_id, first_name, last_name, gender, level, latest_start_time, latest_item_in_session) values ('15', 'Lily', 'Koch', 'F', 'paid', timestamp '2018-11-12 05:20:01', 1);

insert into "staging_songs" (num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name, song_id, title, duration, year, source_file) values (1, 'AR1', null, null, '', 'Adele', 'SO1', 'Hello', 295.5, 2015, 'bucket/song_data/A/a.json');

insert into "staging_songs" (num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name, song_id, title, duration, year, source_file) values (1, 'AR2', null, null, '', 'Björk', 'SO2', 'Skyfall', 295.5, 0, 'bucket/song_data/A/b.json');

insert into "users" (user_id, first_name, last_name, gender, level, latest_start_time, latest_item_in_session) values ('15', 'Lily', 'Koch', 'F', 'paid', timestamp '2018-11-12 05:20:01', 1);

insert into "artists" (artist_id, name, location, latitude, longitude) values ('AR1', 'Adele', null, null, null);

insert into "artists" (artist_id, name, location, latitude, longitude) values ('AR2', 'Björk', null, null, null);

insert into "songs" (song_id, title, artist_id, year, duration) values ('SO1', 'Hello', 'AR1', 2015, 295.5);

insert into "songs" (song_id, title, artist_id, year, duration) values ('SO2', 'Skyfall', 'AR2', null, 295.5);

insert into "time" (start_time, hour, day, week, month, year, weekday) values (timestamp '2018-10-31 15:33:20.002000', 15, 31, 44, 10, 2018, 3);

insert into "time" (start_time, hour, day, week, month, year, weekday) values (timestamp '2018-10-31 15:33:20.004000', 15, 31, 44, 10, 2018, 3);

insert into "time" (start_time, hour, day, week, month, year, weekday) values (timestamp '2018-10-31 15:33:20', 15, 31, 44, 10, 2018, 3);

insert into "time" (start_time, hour, day, week, month, year, weekday) values (timestamp '2018-10-31 15:33:20.001000', 15, 31, 44, 10, 2018, 3);

insert into "time" (start_time, hour, day, week, month, year, weekday) values (timestamp '2018-10-31 15:33:20.003000', 15, 31, 44, 10, 2018, 3);

insert into "time" (start_time, hour, day, week, month, year, weekday) values (timestamp '2018-10-31 15:33:20.005000', 15, 31, 44, 10, 2018, 3);

insert into "time" (start_time, hour, day, week, month, year, weekday) values (timestamp '2018-11-12 05:20:01', 5, 12, 46, 11, 2018, 1);

insert into "songplays" (songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent, item_in_session, title, artist_name, duration) values ('d5c1173071d5391982fa18e98cc3d6af', timestamp '2018-10-31 15:33:20.005000', '15', 'paid', 'SO2', 'AR2', 5, 'Chicago-Naperville-Elgin, IL-IN-WI', '"Mozilla/5.0 (X11; Linux x86_64)"', 5, 'Skyfall', 'Björk', 295.5);

insert into "songplays" (songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent, item_in_session, title, artist_name, duration) values ('d2e7c6042d5ef7980554c3e3f9fc70f3', timestamp '2018-10-31 15:33:20.004000', '15', 'paid', 'SO1', 'AR1', 4, 'Chicago-Naperville-Elgin, IL-IN-WI', '"Mozilla/5.0 (X11; Linux x86_64)"', 4, 'Hello', 'Adele', 295.5);

insert into "songplays" (songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent, item_in_session, title, artist_name, duration) values ('119d959f6a16c65b82a98918de7d213b', timestamp '2018-10-31 15:33:20.003000', '15', 'paid', 'SO2', 'AR2', 3, 'Chicago-Naperville-Elgin, IL-IN-WI', '"Mozilla/5.0 (X11; Linux x86_64)"', 3, 'Skyfall', 'Björk', 295.5);

insert into "songplays" (songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent, item_in_session, title, artist_name, duration) values ('7a68d272ab094e124e42ec8ac0d8124c', timestamp '2018-10-31 15:33:20.002000', '15', 'paid', 'SO1', 'AR1', 2, 'Chicago-Naperville-Elgin, IL-IN-WI', '"Mozilla/5.0 (X11; Linux x86_64)"', 2, 'Hello', 'Adele', 295.5);

insert into "songplays" (songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent, item_in_session, title, artist_name, duration) values ('514b692a339f8158255f86f814f104c4', timestamp '2018-10-31 15:33:20.001000', '15', 'paid', 'SO2', 'AR2', 1, 'Chicago-Naperville-Elgin, IL-IN-WI', '"Mozilla/5.0 (X11; Linux x86_64)"', 1, 'Skyfall', 'Björk', 295.5);

insert into "songplays" (songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent, item_in_session, title, artist_name, duration) values ('e9c993ddde369e60f1a712a3a807dcb1', timestamp '2018-10-31 15:33:20', '15', 'paid', 'SO1', 'AR1', 0, 'Chicago-Naperville-Elgin, IL-IN-WI', '"Mozilla/5.0 (X11; Linux x86_64)"', 0, 'Hello', 'Adele', 295.5);

insert into "songplays" (songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent, item_in_session, title, artist_name, duration) values ('e20a1b7b053cd50a62f3f33115cb863f', timestamp '2018-11-12 05:20:01', '15', 'paid', 'SO1', 'AR1', 100, 'Chicago-Naperville-Elgin, IL-IN-WI', '"Mozilla/5.0 (X11; Linux x86_64)"', 1, 'Hello', 'Adele', 295.5);

insert into "load_history" (object, kind, etag, size, run_id, batch, records_read, rows_staged, rows_rejected, loaded_at) values ('bucket/song_data/A/a.json', 'songs', '"23a662-661434f95298a-cb"', 203, 1, 1, 1, 1, 0, timestamp '2026-11-27 14:59:46.627477');

insert into "load_history" (object, kind, etag, size, run_id, batch, records_read, rows_staged, rows_rejected, loaded_at) values ('bucket/song_data/A/b.json', 'songs', '"23a663-661434f952c4c-cf"', 207, 1, 1, 1, 1, 0, timestamp '2026-11-27 14:59:46.627477');

insert into "load_history" (object, kind, etag, size, run_id, batch, records_read, rows_staged, rows_rejected, loaded_at) values ('bucket/log_data/2018/11/a.json', 'events', '"23a666-661434f952e27-9a8"', 2472, 1, 1, 7, 6, 1, timestamp '2026-11-27 14:59:46.627477');

insert into "load_history" (object, kind, etag, size, run_id, batch, records_read, rows_staged, rows_rejected, loaded_at) values ('bucket/log_data/2018/11/b.json', 'events', '"23a127-661434fa34670-328"', 808, 2, 1, 2, 2, 0, timestamp '2026-11-27 14:59:47.486860');

insert into "runs" (run_id, started_at, finished_at, status, error, batches, objects, bytes, events, plays_staged, plays_inserted, plays_known, songs, rejected) values (1, timestamp '2026-11-27 14:59:46.398636', timestamp '2026-11-27 14:59:46.925973', 'done', null, 1, 3, 2882, 6, 6, 6, 0, 2, 1);

insert into "runs" (run_id, started_at, finished_at, status, error, batches, objects, bytes, events, plays_staged, plays_inserted, plays_known, songs, rejected) values (2, timestamp '2026-11-27 14:59:47.355182', timestamp '2026-11-27 14:59:47.792381', 'done', null, 1, 1, 808, 2, 1, 1, 0, 0, 0);

insert into "rejected_records" (run_id, object, line, column_name, reason, raw_text) values (1, 'bucket/log_data/2018/11/a.json', 7, null, 'is not JSON: Expecting value at character 1', 'bad');

insert into "warehouse" (version) values (2);
