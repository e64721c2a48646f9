-- The ten songs that people play most and the catalogue lacks.
select
    title,
    artist_name,
    count(*) as plays
from plays
where song_id is null
group by title, artist_name
order by plays desc, title asc nulls last, artist_name asc nulls last
limit 10;
