-- Does a day have fewer or more plays than is usual for its weekday?
-- Usual is the mean of the same weekday in the four weeks before, where a day without plays counts 0; it is unknown
-- where the warehouse does not reach four weeks back. A day without plays is listed when its weekday had plays in
-- the four weeks before or in the week after. Days are UTC; the last one may not be complete.
with extent as (
    select
        cast(min(start_time) as date) as first_day,
        cast(max(start_time) as date) as last_day
    from songplays
),

days_by_level as (
    select
        cast(start_time as date) as day,
        level,
        count(*) as plays
    from songplays
    group by cast(start_time as date), level
),

days as (
    select
        day,
        sum(plays) as plays
    from days_by_level
    where $level in ('all', level)
    group by day
),

compared as (
    select
        day,
        plays,
        0 as plays_before
    from days
    union all
    select
        day + 7,
        0,
        plays
    from days
    union all
    select
        day + 14,
        0,
        plays
    from days
    union all
    select
        day + 21,
        0,
        plays
    from days
    union all
    select
        day + 28,
        0,
        plays
    from days
    union all
    select
        day - 7,
        0,
        0
    from days
)

select
    c.day,  -- UTC day
    cast(sum(c.plays) as bigint) as plays,  -- plays
    case
        when e.first_day <= c.day - 28 then cast(sum(c.plays_before) as double precision) / 4
    end as usual_plays  -- mean of the same weekday in the four weeks before; null: not known
from compared as c
inner join extent as e on c.day between e.first_day and e.last_day
where cast(c.day as timestamp) >= $from_time and cast(c.day as timestamp) < $to_time
group by c.day, e.first_day
order by c.day;
