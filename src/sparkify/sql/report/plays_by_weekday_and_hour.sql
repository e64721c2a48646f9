-- On which weekday and at what hour do people listen?
-- Counts plays by the weekday and hour (UTC) in which they began, and divides them by how often that hour of that
-- weekday lies in the period, from the hour of the first play of anybody in the warehouse to that of the last: five
-- Fridays have more plays than four Tuesdays, and a day that has only begun has no evening yet. Hours without a play
-- are left out.
with extent as (
    select
        case
            when min(start_time) < $from_time then cast($from_time as date)
            else cast(min(start_time) as date)
        end as first_day,
        case
            when min(start_time) < $from_time then 0
            else cast(extract(hour from min(start_time)) as integer)
        end as first_hour,
        case
            when max(start_time) < $to_time then cast(max(start_time) as date)
            else cast($to_time as date) - 1
        end as last_day,
        case
            when max(start_time) < $to_time then cast(extract(hour from max(start_time)) as integer)
            else 23
        end as last_hour
    from songplays
),

hours_asked as (
    select
        (last_day - first_day) * 24 + last_hour - first_hour as last_offset,
        cast(extract(dow from first_day) as integer) * 24 + first_hour as first_hour_of_week
    from extent
),

hours_by_level as (
    select
        cast(extract(dow from start_time) as integer) as weekday,
        cast(extract(hour from start_time) as integer) as hour,
        level,
        count(*) as plays
    from songplays
    where start_time >= $from_time and start_time < $to_time
    group by cast(extract(dow from start_time) as integer), cast(extract(hour from start_time) as integer), level
),

hours as (
    select
        weekday,
        hour,
        cast(sum(plays) as bigint) as plays
    from hours_by_level
    where $level in ('all', level)
    group by weekday, hour
),

occurrences as (
    select
        h.weekday,
        h.hour,
        h.plays,
        cast(
            floor((a.last_offset - mod(h.weekday * 24 + h.hour - a.first_hour_of_week + 168, 168)) / 168.0) as integer
        ) + 1 as days
    from hours as h
    cross join hours_asked as a
)

select
    weekday,  -- day of the week, 0 is Sunday (UTC)
    hour,  -- hour of the day, 0 to 23 (UTC)
    plays,  -- plays
    days,  -- how often this hour of this weekday lies in the period
    cast(plays as double precision) / days as plays_a_day  -- plays in this hour of such a day, on average
from occurrences
order by weekday, hour;
