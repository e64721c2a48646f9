-- How many sessions are there each day, and how many plays has one?
-- Counts sessions by the UTC day of their first play in the period; all plays of a session count on that day, those
-- after midnight too. With a level, only plays at that level count.
with sessions as (
    select
        session_id,
        min(start_time) as first_play,
        count(*) as plays
    from songplays
    where
        start_time >= $from_time and start_time < $to_time
        and $level in ('all', level)
    group by session_id
)

select
    cast(first_play as date) as day,  -- UTC day of the session's first play
    count(*) as sessions,  -- sessions
    cast(sum(plays) as bigint) as plays,  -- plays of these sessions
    cast(sum(plays) as double precision) / count(*) as plays_a_session  -- mean number of plays of a session
from sessions
group by cast(first_play as date)
order by day;
