-- How many of each day's listeners are new, and how many return?
-- Counts, for each UTC day, the distinct logged-in users with a play. A user is new on the day of the first play ever,
-- whatever the period and the level asked for, and returns on each later day with a play.
with first_plays as (
    select
        user_id,
        cast(min(start_time) as date) as first_day
    from songplays
    where user_id is not null
    group by user_id
),

active_users as (
    select
        user_id,
        cast(start_time as date) as day
    from songplays
    where
        user_id is not null
        and start_time >= $from_time and start_time < $to_time
        and $level in ('all', level)
    group by user_id, cast(start_time as date)
)

select
    a.day,  -- UTC day
    count(case when a.day = f.first_day then 1 end) as new_users,  -- users whose first play ever is on this day
    count(case when a.day > f.first_day then 1 end) as returning_users  -- users who have played on an earlier day
from active_users as a
inner join first_plays as f on f.user_id = a.user_id
group by a.day
order by a.day;
