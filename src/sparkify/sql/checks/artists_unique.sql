-- An artist with two rows doubles the plays in every question that joins artists.
select
    artist_id,
    count(*) as copies
from artists
/* batch: where artist_id in (select c.artist_id from changed_songs as c) */
group by artist_id
having count(*) > 1;
