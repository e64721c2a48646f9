-- The song catalogue as the bucket holds it.
-- Grain: one row per song record of an object; an object delivered again replaces its own rows.
create table if not exists staging_songs (
    num_songs bigint,
    artist_id varchar(256) not null,
    artist_latitude double precision,  -- degrees
    artist_longitude double precision,  -- degrees
    artist_location varchar(65535),
    artist_name varchar(65535),  -- the artist as this song credits it
    song_id varchar(256) not null,
    title varchar(65535),
    duration double precision,  -- seconds
    year bigint,  -- 0: unknown
    source_file varchar(4096) not null /* redshift: default '' */  -- the object that holds the record
);
