-- When people listen: plays by hour of the day, of free and of paid listeners.
select
    hour,
    count(*) as plays,
    count(case when level = 'free' then 1 end) as free_plays,
    count(case when level = 'paid' then 1 end) as paid_plays
from plays
group by hour
order by hour;
