-- A play whose artist is not in artists vanishes from every question that joins the two.
select
    p.songplay_id,
    p.artist_id
from songplays as p
where
    p.start_time between $first_event and $last_event
    and p.artist_id is not null
    and not exists (select 1 from artists as a where a.artist_id = p.artist_id);
