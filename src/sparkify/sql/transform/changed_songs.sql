-- Remembers the catalogue records that the batch brought as changed.
insert into changed_songs (song_id, artist_id, title, artist_name)
select
    s.song_id,
    s.artist_id,
    s.title,
    s.artist_name
from staging_songs as s
inner join load_history as h on h.object = s.source_file
where h.run_id = $run_id and h.batch = $batch;
