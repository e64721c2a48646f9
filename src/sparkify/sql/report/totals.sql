-- How much was played, by how many people, from when to when?
-- Counts every play of the period. A play is matched when its song is in the catalogue; listeners are people who
-- were logged in; times are UTC. Hours are the lengths of the songs played, where they are known.
with sessions_by_level as (
    select
        session_id,
        count(*) as all_plays,
        count(case when level = 'free' then 1 end) as free_plays,
        count(case when level = 'paid' then 1 end) as paid_plays,
        min(start_time) as first_play,
        min(case when level = 'free' then start_time end) as first_free_play,
        min(case when level = 'paid' then start_time end) as first_paid_play
    from songplays
    where start_time >= $from_time and start_time < $to_time
    group by session_id
),

users_by_level as (
    select
        user_id,
        level,
        count(*) as plays,
        count(song_id) as matched_plays,
        min(start_time) as first_play,
        max(start_time) as last_play,
        sum(case when duration between 0 and 86400 then cast(duration as decimal(18, 5)) end) as seconds
    from songplays
    where start_time >= $from_time and start_time < $to_time
    group by user_id, level
),

sessions_asked as (
    select count(*) as sessions
    from sessions_by_level
    where case $level when 'free' then free_plays when 'paid' then paid_plays else all_plays end > 0
),

users_asked as (
    select
        cast(sum(plays) as bigint) as plays,
        count(distinct user_id) as listeners,
        cast(sum(matched_plays) as bigint) as matched_plays,
        min(first_play) as first_play,
        max(last_play) as last_play,
        cast(sum(seconds) as double precision) as seconds,
        cast(sum(case when level = 'paid' then plays end) as bigint) as paid_plays
    from users_by_level
    where $level in ('all', level)
)

select
    coalesce(u.plays, 0) as plays,  -- plays
    u.listeners,  -- distinct users who were logged in
    s.sessions,  -- distinct sessions with a play
    coalesce(u.matched_plays, 0) as matched_plays,  -- plays whose song is in the catalogue
    u.first_play,  -- when the first play began (UTC); null: no plays
    u.last_play,  -- when the last play began (UTC); null: no plays
    coalesce(u.seconds, 0) / 3600 as hours,  -- hours of the plays whose length is known
    coalesce(u.paid_plays, 0) as paid_plays  -- plays of paid listeners
from users_asked as u
cross join sessions_asked as s;
