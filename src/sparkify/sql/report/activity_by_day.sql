-- How much is played each day, by how many people, and how much of it by payers?
-- Counts by UTC day, week or month. Hours are the lengths of the songs played; whether a song was heard to its end
-- is not known, and a length that is not delivered, negative or more than a day adds nothing. Days without a play
-- are left out.
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
        count(*) as plays,
        sum(case when duration between 0 and 86400 then cast(duration as decimal(18, 5)) end) as seconds
    from songplays
    where start_time >= $from_time and start_time < $to_time
    group by day, user_id, level
)

select
    day,  -- UTC day, or the first one of the week (a Monday) or month
    cast(sum(plays) as bigint) as plays,  -- plays
    count(distinct user_id) as listeners,  -- distinct users who were logged in
    coalesce(cast(sum(seconds) as double precision), 0) / 3600 as hours,  -- hours of the plays whose length is known
    coalesce(cast(sum(case when level = 'paid' then plays end) as bigint), 0) as paid_plays  -- plays of paid listeners
from users_by_day_and_level
where $level in ('all', level)
group by day
order by day;
