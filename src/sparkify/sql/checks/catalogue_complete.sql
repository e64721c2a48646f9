-- A song of the catalogue without its song or artist row is missing from the answers, and no total shows it.
select
    c.song_id,
    c.artist_id
from catalogue as c
left join songs as s on s.song_id = c.song_id
left join artists as a on a.artist_id = c.artist_id
where
    (s.song_id is null or a.artist_id is null)
    /* batch: and (
        c.song_id in (select n.song_id from changed_songs as n)
        or c.artist_id in (select n.artist_id from changed_songs as n)
    ) */;
