-- What the loaded plays are matched by whose song may have changed; emptied when a batch is staged.
-- Grain: one row per (title, artist_name, duration).
-- Columns: as in songplays.
create table if not exists play_match_keys (
    title varchar(65535),
    artist_name varchar(65535),
    duration double precision
);
