-- The song catalogue as the bucket holds it, with clean texts.
-- Grain: one row per song record of an object; an object delivered again replaces its own rows.
-- In Redshift AUTO spreads and sorts it: it is matched by title and artist, and replaced by object, and neither is the
-- more frequent.
create table if not exists catalogue (
    num_songs bigint,  -- as delivered, 1 in every record of the public data; null: not delivered
    artist_id varchar(256) not null,  -- the catalogue's key of the artist
    artist_latitude double precision,  -- latitude of the artist's place in degrees, south is negative; null: unknown
    artist_longitude double precision,  -- longitude of the artist's place in degrees, west is negative; null: unknown
    artist_location varchar(2048),  -- where the artist is from, as free text; null: unknown
    artist_name varchar(2048),  -- the artist as this song credits it, guests included; null: unknown
    song_id varchar(256) not null,  -- the catalogue's key of the song
    title varchar(2048),  -- the song's title; null: unknown
    duration double precision,  -- length of the song in seconds; null: unknown
    year bigint,  -- year in which the song came out; 0 or null: unknown
    source_file varchar(4096) not null  -- object_key of the object that holds the record, in load_history
) /* redshift: diststyle auto sortkey auto */;
