-- Notes the songs of the batch as changed.
insert into changed_songs (song_id, artist_id, title, artist_name)
select
    c.song_id,
    c.artist_id,
    c.title,
    c.artist_name
from catalogue as c
where c.source_file in (select o.object_key from staging_objects as o where o.kind = 'songs');
