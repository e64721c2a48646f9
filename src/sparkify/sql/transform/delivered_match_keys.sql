-- Notes what the delivered plays are matched by, where the catalogue has a song of that title and artist.
insert into play_match_keys (title, artist_name, duration)
select
    d.title,
    d.artist_name,
    d.duration
from delivered_plays as d
where exists (select 1 from catalogue as c where c.title = d.title and c.artist_name = d.artist_name)
group by d.title, d.artist_name, d.duration;
