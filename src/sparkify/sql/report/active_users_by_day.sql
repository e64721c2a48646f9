-- How many people listen each day, free and paid?
-- Counts, for each UTC day, week or month, the distinct logged-in users with a play, by their level at the time of
-- the play. Who changes level within it counts once at each level.
with users_by_day_and_level as (
    select
        cast(
            case $by
                when 'week' then date_trunc('week', start_time)
                when 'month' then date_trunc('month', start_time)
                else start_time
            end as date
        ) as day,
        user_id,
        level,
        count(*) as plays,  -- for activity_by_day, with which a report reads this part once
        sum(case when duration between 0 and 86400 then cast(duration as decimal(18, 5)) end) as seconds
    from songplays
    where start_time >= $from_time and start_time < $to_time
    group by day, user_id, level
)

select
    day,  -- UTC day, or the first one of the week (a Monday) or month
    level,
    count(*) as active_users  -- distinct users who were logged in
from users_by_day_and_level
where
    user_id is not null
    and $level in ('all', level)
group by day, level
order by day asc, level asc nulls last;
