-- How many people listen each day, free and paid?
-- Counts, for each UTC day, the distinct logged-in users with a play, by their level at the time of the play. Who
-- changes level within a day counts once at each level.
select
    cast(start_time as date) as day,  -- UTC day
    level,
    count(distinct user_id) as active_users  -- distinct users who were logged in
from songplays
where
    user_id is not null
    and start_time >= $from_time and start_time < $to_time
    and $level in ('all', level)
group by cast(start_time as date), level
order by day asc, level asc nulls last;
