-- The words of the plays whose song has to be found, emptied when a batch begins.
-- Grain: a (title, artist_name, duration) may come twice.
-- Columns: as in songplays.
create table if not exists play_words (
    title varchar(65535),
    artist_name varchar(65535),
    duration double precision
);
