-- Takes the artists of the songs that changed out of the dimension: they are computed again.
delete from artists
where artist_id in (select c.artist_id from changed_songs as c);
