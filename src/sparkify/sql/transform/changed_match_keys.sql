-- Notes what the loaded plays are matched by, where their song may have changed.
-- Grain: one row per (title, artist_name, duration).
-- The fact is read from its beginning, for a song may have been heard at any time: only where songs changed.
insert into play_match_keys (title, artist_name, duration)
select
    p.title,
    p.artist_name,
    p.duration
from songplays as p
where exists (select 1 from changed_songs as c where c.title = p.title and c.artist_name = p.artist_name)
group by p.title, p.artist_name, p.duration;

select count(*)
from play_match_keys;
