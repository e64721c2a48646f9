-- Counts the plays between $first_event and $last_event that are matched to a song before new ones come.
select count(song_id)
from songplays
where start_time between $first_event and $last_event;
