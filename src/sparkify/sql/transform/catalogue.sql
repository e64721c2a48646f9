-- Adds the songs of the batch to the catalogue.
-- Grain: one row per song record of an object.
insert into catalogue (
    num_songs, artist_id, artist_latitude, artist_longitude, artist_location, artist_name, song_id, title, duration,
    year, source_file
)
select
    s.num_songs,
    s.artist_id,
    s.artist_latitude,
    s.artist_longitude,
    s.artist_location,
    s.artist_name,
    s.song_id,
    s.title,
    s.duration,
    s.year,
    s.source_file
from staging_songs as s;
