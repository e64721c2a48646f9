-- What the plays are matched by whose song must be found; emptied when a batch is staged.
-- Grain: a (title, artist_name, duration) may come twice.
-- Columns: as in songplays.
create table if not exists play_match_keys (
    title varchar(2048),
    artist_name varchar(2048),
    duration double precision
);
