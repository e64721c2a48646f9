-- Dimension: the songs of the catalogue.
-- Grain: one row per song_id.
-- In Redshift its rows are sorted by the key, by which they are joined and replaced; AUTO lays a small table on every
-- node, and spreads one that has grown.
create table if not exists songs (
    song_id varchar(256) not null,  -- the catalogue's key of the song
    title varchar(2048),  -- the song's title; null: unknown
    artist_id varchar(256) not null,  -- the song's artist, in artists
    year bigint,  -- year in which the song came out; null: unknown
    duration double precision  -- length of the song in seconds; null: unknown
    /* keys: , primary key (song_id), foreign key (artist_id) references artists (artist_id) */
) /* redshift: diststyle auto sortkey (song_id) */;
