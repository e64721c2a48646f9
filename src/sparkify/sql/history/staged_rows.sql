-- What is staged: a row for each year with events, with how many there are and how many of them are plays, from when to
-- when they reach, and how many are later than $latest, and from when on. One more row, of no year, counts the rows of
-- the staging tables themselves.
select
    cast(extract(year from start_time) as bigint) as event_year,
    count(*) as events,
    sum(is_play) as plays,
    min(start_time) as first_event,
    max(start_time) as last_event,
    count(case when start_time > $latest then 1 end) as from_future,
    min(case when start_time > $latest then start_time end) as first_from_future,
    0 as songs
from delivered_events
group by cast(extract(year from start_time) as bigint)
union all
select
    cast(null as bigint),
    (select count(*) from staging_events),
    cast(null as bigint),
    cast(null as timestamp),
    cast(null as timestamp),
    cast(null as bigint),
    cast(null as timestamp),
    (select count(*) from staging_songs);
