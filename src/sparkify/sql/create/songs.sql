-- Dimension: the songs of the catalogue.
-- Grain: one row per song_id.
create table if not exists songs (
    song_id varchar(256) not null,
    title varchar(65535),
    artist_id varchar(256) not null,
    year bigint,  -- null: unknown
    duration double precision  -- seconds
    /* redshift: , primary key (song_id), foreign key (artist_id) references artists (artist_id) */
);
