-- How many users change to paid each day, and how many back to free?
-- Compares the level of each play of a logged-in user with that of the user's play before it, whenever that was, and
-- counts a change on the UTC day (or week, or month) of the first play at the new level. A level asked for is the
-- one changed to. Days without a change are left out; plays whose level is unknown are passed over.
with levels_by_day as (
    select
        user_id,
        cast(start_time as date) as day,
        level,
        min(start_time) as first_play
    from songplays
    where
        user_id is not null
        and level is not null
    group by user_id, cast(start_time as date), level
),

days as (
    select
        user_id,
        day,
        min(first_play) as first_play,
        min(level) as lowest_level,
        max(level) as highest_level
    from levels_by_day
    group by user_id, day
),

-- The order of a day's plays matters only where the day has several levels: any other day is as one play.
played_levels as (
    select
        user_id,
        first_play as start_time,
        cast(null as bigint) as item_in_session,
        cast(null as bigint) as session_id,
        lowest_level as level
    from days
    where lowest_level = highest_level
    union all
    select
        p.user_id,
        p.start_time,
        p.item_in_session,
        p.session_id,
        p.level
    from days as d
    inner join songplays as p on p.user_id = d.user_id and cast(p.start_time as date) = d.day
    where
        d.lowest_level < d.highest_level
        and p.level is not null
),

compared_levels as (
    select
        start_time,
        level,
        lag(level) over (
            partition by user_id
            order by start_time, item_in_session, session_id
        ) as level_before
    from played_levels
)

select
    cast(
        case $by
            when 'week' then date_trunc('week', start_time)
            when 'month' then date_trunc('month', start_time)
            else start_time
        end as date
    ) as day,  -- UTC day, or the first one of the week (a Monday) or month
    count(case when level = 'paid' then 1 end) as upgrades,  -- changes from free to paid
    count(case when level = 'free' then 1 end) as downgrades  -- changes from paid to free
from compared_levels
where
    ((level_before = 'free' and level = 'paid') or (level_before = 'paid' and level = 'free'))
    and start_time >= $from_time and start_time < $to_time
    and $level in ('all', level)
group by day
order by day;
