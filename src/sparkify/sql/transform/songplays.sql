-- Inserts the delivered plays that are not loaded.
-- Grain: one row per event key (session_id, item_in_session, start_time, user_id).
-- Order: of one key with two contents the greatest, as duplicate_plays ranks them; elsewhere keys cannot repeat.
insert into songplays (
    songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent, item_in_session,
    title, artist_name, duration
)
select
    n.songplay_id,
    n.start_time,
    n.user_id,
    n.level,
    m.song_id,
    m.artist_id,
    n.session_id,
    n.location,
    n.user_agent,
    n.item_in_session,
    n.title,
    n.artist_name,
    n.duration
from (
    select
        md5(d.event_key) as songplay_id, d.start_time, d.user_id, d.level, d.session_id, d.location, d.user_agent,
        d.item_in_session, d.title, d.artist_name, d.duration
    from delivered_events as d
    where d.is_play = 1 and not exists (select 1 from duplicate_times as t where t.start_time = d.start_time)
    union all
    select
        c.songplay_id, c.start_time, c.user_id, c.level, c.session_id, c.location, c.user_agent, c.item_in_session,
        c.title, c.artist_name, c.duration
    from duplicate_plays as c
    where c.choice = 1 and c.is_known = 0
) as n
left join song_matches as m
    on
        m.title = n.title
        and m.artist_name = n.artist_name
        and (m.duration = n.duration or (m.duration is null and n.duration is null));
