-- Which artists are played most?
-- Counts plays by artist as the app names them, whether the catalogue has the artist or not. Listeners are people who
-- were logged in.
select
    artist_name,
    count(distinct title) as titles,  -- distinct titles heard of this artist
    count(*) as plays,  -- plays
    count(distinct user_id) as listeners  -- distinct users who were logged in
from songplays
where
    start_time >= $from_time and start_time < $to_time
    and $level in ('all', level)
group by artist_name
order by plays desc, artist_name asc nulls last
limit $most;
