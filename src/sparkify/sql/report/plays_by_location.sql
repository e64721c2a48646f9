-- The ten places where people listen most.
select
    location,
    count(*) as plays,
    count(distinct user_id) as listeners
from plays
group by location
order by plays desc, location asc nulls last
limit 10;
