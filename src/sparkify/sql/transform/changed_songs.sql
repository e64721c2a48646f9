-- Notes the songs of the batch as changed.
insert into changed_songs (song_id, artist_id, title, artist_name)
select
    s.song_id,
    s.artist_id,
    s.title,
    s.artist_name
from staging_songs as s;
