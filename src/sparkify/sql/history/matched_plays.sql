-- How many plays are matched to a song. All are read.
select count(song_id)
from songplays;
