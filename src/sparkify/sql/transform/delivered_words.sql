-- Notes the words of the delivered plays of which the catalogue has a song.
insert into play_words (title, artist_name, duration)
select
    d.title,
    d.artist_name,
    d.duration
from delivered_plays as d
where exists (select 1 from staging_songs as s where s.title = d.title and s.artist_name = d.artist_name)
group by d.title, d.artist_name, d.duration;
