-- What happens on each page of the app, day by day?
-- Counts events by UTC day and page, page views and plays (the page NextSong), logged-out ones too. A page without an
-- event on a day has no row.
select
    cast(start_time as date) as day,  -- UTC day
    page,  -- page of the app, such as Home; null: not delivered
    count(*) as events  -- events of this page
from events
where
    start_time >= $from_time and start_time < $to_time
    and $level in ('all', level)
group by cast(start_time as date), page
order by day asc, page asc nulls last;
