-- A artist that stands twice doubles the plays in every question that joins artists.
select
    artist_id,
    count(*) as copies
from artists
group by artist_id
having count(*) > 1;
