-- The songs of the batch in hand; emptied when a batch is staged.
-- Grain: one row per song record.
-- Columns: as in catalogue.
create table if not exists staging_songs (
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
    source_file varchar(4096) not null /* redshift: default '' */
);
