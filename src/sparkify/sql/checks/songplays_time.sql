-- A play whose moment is not in time vanishes from every question by hour, day or week.
select
    p.songplay_id,
    p.start_time
from songplays as p
where
    p.start_time between $first_event and $last_event
    and not exists (
        select 1
        from "time" as t
        where t.start_time = p.start_time and t.start_time between $first_event and $last_event
    );
