-- Adds the songs of the batch to the catalogue, with clean texts.
-- Grain: one row per song record of an object.
insert into catalogue (
    num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name, song_id, title, duration,
    year, source_file
)
select
    s.num_songs,
    coalesce(r_artist_id.repaired, rtrim(s.artist_id, ' ')),
    s.artist_latitude,
    s.artist_longitude,
    nullif(coalesce(r_artist_location.repaired, rtrim(s.artist_location, ' ')), ''),
    coalesce(r_artist_name.repaired, rtrim(s.artist_name, ' ')),
    coalesce(r_song_id.repaired, rtrim(s.song_id, ' ')),
    coalesce(r_title.repaired, rtrim(s.title, ' ')),
    s.duration,
    s.year,
    s.source_file
from staging_songs as s
left join repaired_texts as r_artist_id
    on r_artist_id.column_name = 'artist_id' and r_artist_id.delivered = rtrim(s.artist_id, ' ')
left join repaired_texts as r_artist_location
    on r_artist_location.column_name = 'artist_location' and r_artist_location.delivered = rtrim(s.artist_location, ' ')
left join repaired_texts as r_artist_name
    on r_artist_name.column_name = 'artist_name' and r_artist_name.delivered = rtrim(s.artist_name, ' ')
left join repaired_texts as r_song_id
    on r_song_id.column_name = 'song_id' and r_song_id.delivered = rtrim(s.song_id, ' ')
left join repaired_texts as r_title
    on r_title.column_name = 'title' and r_title.delivered = rtrim(s.title, ' ');
