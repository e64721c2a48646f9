-- A song that stands twice doubles the plays in every question that joins songs.
select
    song_id,
    count(*) as copies
from songs
group by song_id
having count(*) > 1;
