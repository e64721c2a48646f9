-- How many of each day's listeners are new, and how many return?
-- Counts, for each UTC day, week or month, the distinct logged-in users with a play. A user is new in that of the
-- first play ever, whatever the period and the level asked for, and returns in each later one with a play.
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
),

first_plays as (
    select
        user_id,
        cast(
            case $by
                when 'week' then date_trunc('week', min(start_time))
                when 'month' then date_trunc('month', min(start_time))
                else min(start_time)
            end as date
        ) as first_day
    from songplays
    where user_id is not null
    group by user_id
),

active_users as (
    select
        user_id,
        day
    from users_by_day_and_level
    where
        user_id is not null
        and $level in ('all', level)
    group by user_id, day
)

select
    a.day,  -- UTC day, or the first one of the week (a Monday) or month
    count(case when a.day = f.first_day then 1 end) as new_users,  -- users whose first play ever is then
    count(case when a.day > f.first_day then 1 end) as returning_users  -- users who have played before
from active_users as a
inner join first_plays as f on f.user_id = a.user_id
group by a.day
order by a.day;
