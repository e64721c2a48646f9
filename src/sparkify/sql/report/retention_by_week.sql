-- How many of the listeners who began in one week listen again in the weeks after?
-- Groups logged-in users by the week of the first play ever, whatever the period and the level asked for, and counts
-- those with a play in that week (0 weeks later) and in each later one. Weeks begin on Monday (UTC). A week in which
-- none of them has a play has no row; the last week may not be whole.
with first_plays as (
    select
        user_id,
        cast(date_trunc('week', min(start_time)) as date) as first_week
    from songplays
    where user_id is not null
    group by user_id
),

cohorts as (
    select
        first_week,
        count(*) as listeners
    from first_plays
    group by first_week
),

active_users as (
    select
        user_id,
        cast(date_trunc('week', start_time) as date) as week
    from songplays
    where
        user_id is not null
        and start_time >= $from_time and start_time < $to_time
        and $level in ('all', level)
    group by user_id, cast(date_trunc('week', start_time) as date)
)

select
    f.first_week,  -- Monday of the week of the first play ever (UTC)
    cast((a.week - f.first_week) / 7 as integer) as weeks_later,  -- weeks from that week to this one
    c.listeners,  -- users whose first play ever is in the first week
    count(*) as active_listeners,  -- those of them with a play in this week
    cast(count(*) as double precision) / c.listeners as active_share  -- of all of them, 0 to 1
from active_users as a
inner join first_plays as f on f.user_id = a.user_id
inner join cohorts as c on c.first_week = f.first_week
group by f.first_week, c.listeners, a.week
order by first_week, weeks_later;
