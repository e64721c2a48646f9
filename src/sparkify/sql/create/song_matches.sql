-- Which song of the catalogue each play means that the batch in hand concerns;
-- emptied when a batch is staged.
-- Grain: one row per (title, artist_name, duration).
-- Columns: as in songplays.
create table if not exists song_matches (
    title varchar(2048) not null,
    artist_name varchar(2048) not null,
    duration double precision,
    song_id varchar(256),
    artist_id varchar(256)
);
