-- What happens on each page of the app, day by day?
-- Counts events by UTC day, week or month and page, page views and plays (the page NextSong), logged-out ones too.
-- Pages without an event then are left out.
select
    cast(
        case $by
            when 'week' then date_trunc('week', start_time)
            when 'month' then date_trunc('month', start_time)
            else start_time
        end as date
    ) as day,  -- UTC day, or the first one of the week (a Monday) or month
    page,  -- page of the app, such as Home; null: not delivered
    count(*) as events  -- events of this page
from events
where
    start_time >= $from_time and start_time < $to_time
    and $level in ('all', level)
group by day, page
order by day asc, page asc nulls last;
