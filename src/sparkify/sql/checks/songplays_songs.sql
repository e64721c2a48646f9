-- A play whose song is not in songs vanishes from every question that joins the two.
select
    p.songplay_id,
    p.song_id
from songplays as p
where
    p.start_time between $first_event and $last_event
    and p.song_id is not null
    and not exists (select 1 from songs as s where s.song_id = p.song_id);
