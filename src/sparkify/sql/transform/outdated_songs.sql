-- Takes the songs that changed out of the dimension: they are computed again.
delete from songs
where song_id in (select c.song_id from changed_songs as c);
