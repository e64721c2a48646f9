-- How many events of the batch in hand fall into each year, from when to when; and of those later than $latest,
-- how many there are and from when on.
select
    cast(extract(year from start_time) as bigint) as event_year,
    count(*) as events,
    min(start_time) as first_event,
    max(start_time) as last_event,
    count(case when start_time > $latest then 1 end) as from_future,
    min(case when start_time > $latest then start_time end) as first_from_future
from staging_events
group by cast(extract(year from start_time) as bigint)
order by event_year;
