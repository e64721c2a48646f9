-- Takes the songs of the objects that are delivered again out of the catalogue, and notes them as changed.
-- An object with an empty key is all that lies below SONG_DATA, and so replaces, and is replaced by, any other.
insert into changed_songs (song_id, artist_id, title, artist_name)
select
    c.song_id,
    c.artist_id,
    c.title,
    c.artist_name
from catalogue as c
where
    c.source_file = ''
    or c.source_file in (select o.object_key from staging_objects as o where o.kind = 'songs')
    or (select count(*) from staging_objects as o where o.kind = 'songs' and o.object_key = '') > 0;

delete from catalogue
where
    source_file = ''
    or source_file in (select o.object_key from staging_objects as o where o.kind = 'songs')
    or (select count(*) from staging_objects as o where o.kind = 'songs' and o.object_key = '') > 0;
