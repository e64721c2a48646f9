-- At what hour of the day do people listen?
-- Counts plays by the hour (UTC) in which they began, over all days of the period, and by the listener's level at the
-- time of the play. An hour without a play has no row.
select
    cast(extract(hour from start_time) as integer) as hour,  -- hour of the day, 0 to 23 (UTC)
    count(*) as plays,  -- plays
    count(case when level = 'free' then 1 end) as free_plays,  -- plays of free listeners
    count(case when level = 'paid' then 1 end) as paid_plays  -- plays of paid listeners
from songplays
where
    start_time >= $from_time and start_time < $to_time
    and $level in ('all', level)
group by cast(extract(hour from start_time) as integer)
order by hour;
