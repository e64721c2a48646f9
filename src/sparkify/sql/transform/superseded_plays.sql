-- Gives the loaded plays of which a greater copy was delivered the values of that copy, and its song.
-- Grain: one row per event key, as duplicate_plays ranks the copies.
-- The fact is read between $first_event and $last_event only, so old plays cost nothing.
update songplays
set
    level = b.level,
    location = b.location,
    user_agent = b.user_agent,
    title = b.title,
    artist_name = b.artist_name,
    duration = b.duration,
    song_id = b.song_id,
    artist_id = b.artist_id
from (
    select
        c.songplay_id,
        c.start_time,
        c.level,
        c.location,
        c.user_agent,
        c.title,
        c.artist_name,
        c.duration,
        m.song_id,
        m.artist_id
    from duplicate_plays as c
    left join song_matches as m
        on
            m.title = c.title
            and m.artist_name = c.artist_name
            and (m.duration = c.duration or (m.duration is null and c.duration is null))
    where c.choice = 1 and c.is_loaded = 0 and c.is_known = 1
) as b
where
    songplays.songplay_id = b.songplay_id
    and songplays.start_time = b.start_time
    and songplays.start_time between $first_event and $last_event;
