-- Ranks the plays, delivered and loaded, at the moments in duplicate_times within their key.
-- Grain: one row per copy of a play; choice 1 is the one to keep.
-- Order: the greatest in (level, location, user_agent, title, artist_name, duration), nulls lowest;
-- of equal copies the loaded one, so that nothing is written for a play that is already there.
-- The fact is read between $first_event and $last_event only, so old plays cost nothing.
insert into duplicate_plays (
    songplay_id, start_time, user_id, level, session_id, location, user_agent, item_in_session, title, artist_name,
    duration, is_loaded, is_known, choice
)
select
    c.songplay_id,
    c.start_time,
    c.user_id,
    c.level,
    c.session_id,
    c.location,
    c.user_agent,
    c.item_in_session,
    c.title,
    c.artist_name,
    c.duration,
    c.is_loaded,
    max(c.is_loaded) over (partition by c.songplay_id),
    row_number() over (
        partition by c.songplay_id
        order by
            c.level desc nulls last,
            c.location desc nulls last,
            c.user_agent desc nulls last,
            c.title desc nulls last,
            c.artist_name desc nulls last,
            c.duration desc nulls last,
            c.is_loaded desc
    )
from (
    select
        md5(d.event_key) as songplay_id, d.start_time, d.user_id, d.level, d.session_id, d.location, d.user_agent,
        d.item_in_session, d.title, d.artist_name, d.duration, 0 as is_loaded
    from delivered_events as d
    where d.is_play = 1 and d.start_time in (select t.start_time from duplicate_times as t)
    union all
    select
        p.songplay_id, p.start_time, p.user_id, p.level, p.session_id, p.location, p.user_agent, p.item_in_session,
        p.title, p.artist_name, p.duration, 1 as is_loaded
    from songplays as p
    where
        p.start_time between $first_event and $last_event
        and p.start_time in (select t.start_time from duplicate_times as t)
) as c;
