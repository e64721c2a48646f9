-- How many of the plays between two moments are matched to a song.
select count(song_id)
from songplays
where start_time between $first_event and $last_event;
