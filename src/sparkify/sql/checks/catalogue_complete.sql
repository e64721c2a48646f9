-- A song of the catalogue without its song or artist row is missing from the answers, and no total shows it.
select
    c.song_id,
    c.artist_id
from staging_songs as c
where
    not exists (select 1 from songs as s where s.song_id = c.song_id)
    or not exists (select 1 from artists as a where a.artist_id = c.artist_id);
