-- When the last event before a moment happened, as far as the warehouse knows: a play, or the latest event of a user.
select max(e.start_time) as last_event
from (
    select max(p.start_time) as start_time
    from songplays as p
    where p.start_time < $before
    union all
    select max(u.latest_start_time) as start_time
    from users as u
    where u.latest_start_time < $before
) as e;
