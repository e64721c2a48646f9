-- How many sessions are there each day, and how many plays has one?
-- Counts sessions by the UTC day, week or month of their first play in the period; all plays of a session count
-- there, those after midnight too. With a level, only plays at that level count.
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

sessions_asked as (
    select
        case $level when 'free' then free_plays when 'paid' then paid_plays else all_plays end as plays,
        case $level
            when 'free' then first_free_play when 'paid' then first_paid_play else first_play
        end as first_play
    from sessions_by_level
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
from sessions_asked
where plays > 0
group by day
order by day;
