-- The ten users who listen most, and whether they pay now.
select
    user_id,
    first_name,
    last_name,
    current_level,
    count(*) as plays,
    count(distinct session_id) as sessions
from plays
where user_id is not null
group by user_id, first_name, last_name, current_level
order by plays desc, user_id asc
limit 10;
