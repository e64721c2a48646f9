-- Every song of the catalogue.
select
    song_id,
    title,
    artist_id,
    year,
    duration
from songs;
