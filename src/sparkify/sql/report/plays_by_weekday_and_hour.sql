-- On which weekday and at what hour do people listen?
-- Counts plays by the weekday and hour (UTC) in which they began, and divides them by how often that weekday occurs
-- from the first to the last day with a play: five Fridays have more plays than four Tuesdays. Hours without a play
-- are left out.
with extent as (
    select
        cast(min(start_time) as date) as first_day,
        cast(max(start_time) as date) - cast(min(start_time) as date) as last_offset,
        cast(extract(dow from min(start_time)) as integer) as first_weekday
    from songplays
    where start_time >= $from_time and start_time < $to_time
),

hours as (
    select
        cast(extract(dow from start_time) as integer) as weekday,
        cast(extract(hour from start_time) as integer) as hour,
        count(*) as plays
    from songplays
    where
        start_time >= $from_time and start_time < $to_time
        and $level in ('all', level)
    group by cast(extract(dow from start_time) as integer), cast(extract(hour from start_time) as integer)
),

occurrences as (
    select
        h.weekday,
        h.hour,
        h.plays,
        cast(floor((e.last_offset - mod(h.weekday - e.first_weekday + 7, 7)) / 7.0) as integer) + 1 as days
    from hours as h
    cross join extent as e
)

select
    weekday,  -- day of the week, 0 is Sunday (UTC)
    hour,  -- hour of the day, 0 to 23 (UTC)
    plays,  -- plays
    days,  -- how often this weekday occurs from the first to the last day with a play
    cast(plays as double precision) / days as plays_a_day  -- plays in this hour of such a day, on average
from occurrences
order by weekday, hour;
