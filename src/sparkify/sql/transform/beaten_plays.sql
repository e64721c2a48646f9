-- Takes out the loaded plays of which a greater copy was delivered, as contested_plays ranks them.
-- The fact is read between $first_play and $last_play only, so old plays cost nothing.
delete from songplays
using contested_plays as c
where
    songplays.songplay_id = c.songplay_id
    and songplays.start_time = c.start_time
    and songplays.start_time between $first_play and $last_play
    and c.choice = 1
    and c.is_loaded = 0;
