-- The songs of the batch in hand; emptied when a batch is staged.
-- Grain: one row per song record.
-- Columns: as in catalogue.
-- Texts are as long as in staging_events, which gives the reasons. A key of S3 has at most 1,024 bytes, a path 4,096.
-- In Redshift as staging_events.
create table if not exists staging_songs (
    num_songs bigint,
    artist_id varchar(256) not null,
    artist_latitude double precision,
    artist_longitude double precision,
    artist_location varchar(2048),
    artist_name varchar(2048),
    song_id varchar(256) not null,
    title varchar(2048),
    duration double precision,
    year bigint,
    source_file varchar(4096) not null /* redshift: default '' */
) /* redshift: diststyle even */;
