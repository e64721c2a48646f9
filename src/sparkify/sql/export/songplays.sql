-- Every play, with the year and the month by which its files are sorted into folders.
select
    p.songplay_id,
    p.start_time,
    p.user_id,
    p.level,
    p.song_id,
    p.artist_id,
    p.session_id,
    p.location,
    p.user_agent,
    p.item_in_session,
    p.title,
    p.artist_name,
    p.duration,
    t.year,
    t.month
from songplays as p
inner join "time" as t on t.start_time = p.start_time;
