-- How many users, songs and artists the warehouse knows, how many plays, and how many of them are matched to a song.
select
    (select count(*) from users) as users,
    (select count(*) from songs) as songs,
    (select count(*) from artists) as artists,
    count(*) as plays,
    count(song_id) as matched
from songplays;
