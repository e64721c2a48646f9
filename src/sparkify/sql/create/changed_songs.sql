-- The catalogue records that the batch in hand took away or brought; emptied when a batch is staged.
-- They tell which songs, artists and plays have to be computed again.
-- Grain: one row per record.
-- Columns: as in staging_songs.
create table if not exists changed_songs (
    song_id varchar(256) not null,
    artist_id varchar(256) not null,
    title varchar(2048),
    artist_name varchar(2048)
);
