-- Matches the plays that are already loaded again, where the songs that they concern arrived or changed.
update songplays
set
    song_id = m.song_id,
    artist_id = m.artist_id
from song_matches as m
where
    m.title = songplays.title
    and m.artist_name = songplays.artist_name
    and (m.duration = songplays.duration or (m.duration is null and songplays.duration is null))
    and (
        coalesce(m.song_id, '') <> coalesce(songplays.song_id, '')
        or coalesce(m.artist_id, '') <> coalesce(songplays.artist_id, '')
    );
