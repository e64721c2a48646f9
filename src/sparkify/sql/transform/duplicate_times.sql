-- Finds the moments at which a delivered event may not be the only one of its key: delivered twice, or loaded already.
-- Grain: one row per start_time. The loaded moments are read between $first_event and $last_event only.
-- Cleaning a text moves no event, so the moments are those of the staged ones.
insert into duplicate_times (start_time)
select start_time
from staging_events
group by start_time
having count(*) > 1
union
select t.start_time
from "time" as t
where
    t.start_time between $first_event and $last_event
    and t.start_time in (select e.start_time from staging_events as e)
union
select v.start_time
from page_views as v
where
    v.start_time between $first_event and $last_event
    and v.start_time in (select e.start_time from staging_events as e);
