-- How many plays each day has that has any, from $from_time to before $to_time (UTC).
select
    cast(start_time as date) as day,
    count(*) as plays
from songplays
where start_time >= $from_time and start_time < $to_time
group by cast(start_time as date);
