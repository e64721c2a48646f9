-- How many of a month's listeners listen on a day?
-- Counts, for each UTC day, the distinct logged-in users with a play on it and in the 30 days that end with it, those
-- before the period too. In the first 29 days of the warehouse the 30 days are not whole. A day without one has no row.
with active_users as (
    select
        user_id,
        cast(start_time as date) as day
    from songplays
    where
        user_id is not null
        and $level in ('all', level)
    group by user_id, cast(start_time as date)
),

-- A user counts for 30 days from a day with a play, or until the next such day, which counts for itself.
stays as (
    select
        day,
        lead(day) over (partition by user_id order by day) as next_day
    from active_users
),

changes as (
    select
        day,
        1 as arrival,
        0 as departure
    from stays
    union all
    select
        case when next_day < day + 30 then next_day else day + 30 end,
        0,
        1
    from stays
),

days as (
    select
        day,
        sum(arrival) as arrivals,
        sum(departure) as departures
    from changes
    group by day
),

listeners as (
    select
        day,
        cast(arrivals as bigint) as daily_listeners,
        cast(sum(arrivals - departures) over (order by day rows unbounded preceding) as bigint) as monthly_listeners
    from days
)

select
    day,  -- UTC day
    daily_listeners,  -- distinct users of this day who were logged in
    monthly_listeners,  -- distinct users of the 30 days that end with this day
    cast(daily_listeners as double precision) / monthly_listeners as daily_share  -- daily of monthly listeners, 0 to 1
from listeners
where
    daily_listeners > 0
    and cast(day as timestamp) >= $from_time and cast(day as timestamp) < $to_time
order by day;
