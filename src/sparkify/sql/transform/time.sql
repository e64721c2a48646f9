-- Adds the moments of the delivered plays that are not there yet.
-- Grain: one row per start_time of a play.
insert into "time" (start_time, hour, day, week, month, year, weekday)
select
    n.start_time,
    extract(hour from n.start_time),
    extract(day from n.start_time),
    extract(week from n.start_time),
    extract(month from n.start_time),
    extract(year from n.start_time),
    extract(dow from n.start_time)
from (
    select start_time
    from delivered_events
    where is_play = 1
    group by start_time
) as n
where not exists (
    select 1
    from "time" as t
    where t.start_time = n.start_time and t.start_time between $first_event and $last_event
);
