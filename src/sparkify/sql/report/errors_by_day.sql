-- How many errors does the app show each day, and to how many users?
-- Counts the events of the page Error by UTC day, logged-out ones too. A day without an error has no row.
select
    cast(start_time as date) as day,  -- UTC day
    count(*) as errors,  -- events of the page Error
    count(distinct user_id) as users  -- distinct users who were logged in and saw one
from page_views
where
    page = 'Error'
    and start_time >= $from_time and start_time < $to_time
    and $level in ('all', level)
group by cast(start_time as date)
order by day;
