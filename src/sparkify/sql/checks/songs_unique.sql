-- A song with two rows doubles the plays in every question that joins songs.
select
    song_id,
    count(*) as copies
from songs
/* batch: where song_id in (select c.song_id from changed_songs as c) */
group by song_id
having count(*) > 1;
