-- Gives the loaded plays of which a greater copy was delivered the words of that copy, and its song.
-- Grain: one row per event key, as contested_plays ranks the copies.
-- The fact is read between $first_play and $last_play only, so old plays cost nothing.
update songplays
set
    level = c.level,
    location = c.location,
    user_agent = c.user_agent,
    title = c.title,
    artist_name = c.artist_name,
    duration = c.duration,
    song_id = m.song_id,
    artist_id = m.artist_id
from contested_plays as c
left join song_matches as m
    on
        m.title = c.title
        and m.artist_name = c.artist_name
        and (m.duration = c.duration or (m.duration is null and c.duration is null))
where
    songplays.songplay_id = c.songplay_id
    and songplays.start_time = c.start_time
    and songplays.start_time between $first_play and $last_play
    and c.choice = 1
    and c.is_loaded = 0;
