-- How many errors does the app show each day, and to how many users?
-- Counts the events of the page Error by UTC day, week or month, logged-out ones too. Days without an error are left
-- out.
with errors_by_level as (
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
        count(*) as errors
    from page_views
    where
        page = 'Error'
        and start_time >= $from_time and start_time < $to_time
    group by day, user_id, level
)

select
    day,  -- UTC day, or the first one of the week (a Monday) or month
    cast(sum(errors) as bigint) as errors,  -- events of the page Error
    count(distinct user_id) as users  -- distinct users who were logged in and saw one
from errors_by_level
where $level in ('all', level)
group by day
order by day;
