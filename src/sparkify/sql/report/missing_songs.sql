-- Which songs should the catalogue get?
-- Counts the plays that match no song of the catalogue, by title and artist as the app names them. Listeners are people
-- who were logged in.
select
    title,
    artist_name,
    count(*) as plays,  -- plays
    count(distinct user_id) as listeners  -- distinct users who were logged in
from songplays
where
    song_id is null
    and start_time >= $from_time and start_time < $to_time
    and $level in ('all', level)
group by title, artist_name
order by plays desc, title asc nulls last, artist_name asc nulls last
limit $most;
