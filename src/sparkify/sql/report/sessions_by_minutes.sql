-- How many minutes do sessions take?
-- Counts the sessions that begin in the period by the minutes from their first to their last event of any page; the
-- length of the last song is not in them. A session counts at the level of its last event.
with lengths as (
    select
        minutes,
        count(*) as sessions
    from sessions
    where
        started_at >= $from_time and started_at < $to_time
        and $level in ('all', level_at_end)
    group by minutes
),

classes as (
    select
        0 as minutes_from,
        1 as minutes_below
    union all
    select 1, 10
    union all
    select 10, 30
    union all
    select 30, 60
    union all
    select 60, 180
    union all
    select 180, cast(null as integer)
)

select
    c.minutes_from,  -- fewest minutes of a session of this class
    c.minutes_below,  -- a session of this class takes fewer minutes than this; null: no limit
    coalesce(cast(sum(l.sessions) as bigint), 0) as sessions  -- sessions
from classes as c
left join lengths as l on l.minutes >= c.minutes_from and (l.minutes < c.minutes_below or c.minutes_below is null)
group by c.minutes_from, c.minutes_below
order by c.minutes_from;
