-- On which weekday and at what hour do people listen?
-- Counts plays by the weekday and hour (UTC) in which they began, over all weeks of the period. A weekday and hour
-- without a play has no row.
select
    cast(extract(dow from start_time) as integer) as weekday,  -- day of the week, 0 is Sunday (UTC)
    cast(extract(hour from start_time) as integer) as hour,  -- hour of the day, 0 to 23 (UTC)
    count(*) as plays  -- plays
from songplays
where
    start_time >= $from_time and start_time < $to_time
    and $level in ('all', level)
group by cast(extract(dow from start_time) as integer), cast(extract(hour from start_time) as integer)
order by weekday, hour;
