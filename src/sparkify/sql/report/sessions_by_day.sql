-- How many sessions are there each day, and how many plays has one?
-- Counts sessions by the UTC day, week or month of their first play in the period; all plays of a session count
-- there, those after midnight too. With a level, only plays at that level count.
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
    cast(
        case $by
            when 'week' then date_trunc('week', first_play)
            when 'month' then date_trunc('month', first_play)
            else first_play
        end as date
    ) as day,  -- UTC day, or the first one of the week (a Monday) or month, of the session's first play
    count(*) as sessions,  -- sessions
    cast(sum(plays) as bigint) as plays,  -- plays of these sessions
    cast(sum(plays) as double precision) / count(*) as plays_a_session  -- mean number of plays of a session
from sessions
group by day
order by day;
