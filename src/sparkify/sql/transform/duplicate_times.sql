-- Finds the moments at which a delivered play may not be the only one of its key: delivered twice, or loaded already.
-- Grain: one row per start_time. The loaded moments are read between $first_play and $last_play only.
insert into duplicate_times (start_time)
select start_time
from delivered_plays
group by start_time
having count(*) > 1
union
select t.start_time
from "time" as t
where
    t.start_time between $first_play and $last_play
    and t.start_time in (select d.start_time from delivered_plays as d);
