-- The ten most played songs.
select
    title,
    artist_name,
    count(*) as plays,
    count(distinct user_id) as listeners
from plays
group by title, artist_name
order by plays desc, title asc nulls last, artist_name asc nulls last
limit 10;
