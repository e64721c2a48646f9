-- A moment with two rows doubles its plays in every question that joins time.
select
    start_time,
    count(*) as copies
from "time"
where start_time between $first_event and $last_event
group by start_time
having count(*) > 1;
