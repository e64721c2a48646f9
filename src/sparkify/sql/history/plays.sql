-- How many plays there are, and how many of them are matched to a song. All are read.
select
    count(*) as plays,
    count(song_id) as matched
from songplays;
