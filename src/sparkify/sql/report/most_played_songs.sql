-- Which songs are played most?
-- Counts plays by title and artist as the app names them, whether the catalogue has the song or not. Listeners are
-- people who were logged in.
select
    title,
    artist_name,
    count(*) as plays,  -- plays
    count(distinct user_id) as listeners  -- distinct users who were logged in
from songplays
where
    start_time >= $from_time and start_time < $to_time
    and $level in ('all', level)
group by title, artist_name
order by plays desc, title asc nulls last, artist_name asc nulls last
limit $most;
