-- Version 3: the catalogue has a table of its own, and an object is known by its key below SONG_DATA or LOG_DATA.
-- $song_prefix and $log_prefix are how the names of objects below these begin. An object with another name lay where
-- the bucket no longer is: its name is its key from now on, and so it stays loaded.
drop view plays;

drop view delivered_plays;

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

insert into catalogue (
    num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name, song_id, title, duration,
    year, source_file
)
select
    s.num_songs,
    s.artist_id,
    s.artist_latitude,
    s.artist_longitude,
    s.artist_location,
    s.artist_name,
    s.song_id,
    s.title,
    s.duration,
    s.year,
    case
        when substring(s.source_file, 1, char_length($song_prefix)) = $song_prefix
            then substring(s.source_file, char_length($song_prefix) + 1)
        else s.source_file
    end
from staging_songs as s;

create table objects_by_key (
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

insert into objects_by_key (
    kind, object_key, object, etag, size, run_id, batch, records_read, rows_staged, rows_rejected, loaded_at
)
select
    h.kind,
    case
        when h.kind = 'songs' and substring(h.object, 1, char_length($song_prefix)) = $song_prefix
            then substring(h.object, char_length($song_prefix) + 1)
        when h.kind = 'events' and substring(h.object, 1, char_length($log_prefix)) = $log_prefix
            then substring(h.object, char_length($log_prefix) + 1)
        else h.object
    end,
    h.object,
    h.etag,
    h.size,
    h.run_id,
    h.batch,
    h.records_read,
    h.rows_staged,
    h.rows_rejected,
    h.loaded_at
from load_history as h;

drop table load_history;

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
    /* redshift: , primary key (kind, object_key) */
);

insert into load_history (
    kind, object_key, object, etag, size, run_id, batch, records_read, rows_staged, rows_rejected, loaded_at
)
select
    b.kind,
    b.object_key,
    b.object,
    b.etag,
    b.size,
    b.run_id,
    b.batch,
    b.records_read,
    b.rows_staged,
    b.rows_rejected,
    b.loaded_at
from objects_by_key as b;

drop table objects_by_key;

create table former_runs (
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

insert into former_runs (
    run_id, started_at, finished_at, status, error, batches, objects, bytes, events, plays_staged, plays_inserted,
    plays_known, songs, rejected
)
select
    r.run_id,
    r.started_at,
    r.finished_at,
    r.status,
    r.error,
    r.batches,
    r.objects,
    r.bytes,
    r.events,
    r.plays_staged,
    r.plays_inserted,
    r.plays_known,
    r.songs,
    r.rejected
from runs as r;

drop table runs;

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
    /* redshift: , primary key (run_id) */
);

insert into runs (
    run_id, started_at, finished_at, status, error, batches, objects, bytes, events, plays_staged, plays_inserted,
    plays_known, songs, rejected
)
select
    f.run_id,
    f.started_at,
    f.finished_at,
    f.status,
    f.error,
    f.batches,
    f.objects,
    f.bytes,
    f.events,
    f.plays_staged,
    f.plays_inserted,
    f.plays_known,
    f.songs,
    f.rejected
from former_runs as f;

drop table former_runs;

drop table staging_events;

drop table staging_songs;

drop table changed_songs;

drop table replaced_objects;

drop table play_words;

drop table song_matches;

drop table contested_times;

drop table contested_plays;

drop table latest_users;
