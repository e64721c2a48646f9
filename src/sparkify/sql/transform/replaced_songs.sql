-- Takes the rows of the objects that are delivered again out of the catalogue, and remembers them as changed.
insert into changed_songs (song_id, artist_id, title, artist_name)
select
    s.song_id,
    s.artist_id,
    s.title,
    s.artist_name
from staging_songs as s
where s.source_file in (select r.object from replaced_objects as r);

delete from staging_songs
where source_file in (select r.object from replaced_objects as r);
