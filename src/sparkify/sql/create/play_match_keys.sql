-- What the loaded plays are matched by whose song may have changed; emptied when a batch is staged.
-- Grain: one row per (title, artist_name, duration).
-- Columns: as in songplays.
create table if not exists play_match_keys (
    title varchar(2048),
    artist_name varchar(2048),
    duration double precision
);
