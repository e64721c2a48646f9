-- How many plays are there each day, of free and of paid listeners?
-- Counts plays by UTC day and by the listener's level at the time of the play. A day and level without a play has no
-- row; a level of null means that the log did not tell it.
select
    cast(start_time as date) as day,  -- UTC day
    level,
    count(*) as plays  -- plays
from songplays
where
    start_time >= $from_time and start_time < $to_time
    and $level in ('all', level)
group by cast(start_time as date), level
order by day asc, level asc nulls last;
