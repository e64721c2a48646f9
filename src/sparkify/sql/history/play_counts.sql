-- How many plays are loaded between two moments, and how many of them are matched to a song.
select
    count(*) as plays,
    count(song_id) as matched
from songplays
where start_time between $first_play and $last_play;
