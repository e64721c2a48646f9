-- Every artist of the catalogue.
select
    artist_id,
    name,
    location,
    latitude,
    longitude
from artists;
