-- View for analysts: every play with what is known of its listener, song, artist and moment.
-- Of a listener who is logged out, and of a song that the catalogue lacks, nothing is known: null.
-- Grain: one row per play.
create or replace view plays as
select
    p.songplay_id,
    p.start_time,
    t.hour,
    t.day,
    t.week,
    t.month,
    t.year,
    t.weekday,
    p.user_id,
    u.first_name,
    u.last_name,
    u.gender,
    p.level,
    u.level as current_level,
    p.session_id,
    p.item_in_session,
    p.location,
    p.user_agent,
    p.title,
    p.artist_name,
    p.duration,
    p.song_id,
    s.year as song_year,
    p.artist_id,
    a.name as catalogue_artist_name,
    a.location as artist_location,
    a.latitude as artist_latitude,
    a.longitude as artist_longitude
from songplays as p
inner join "time" as t on t.start_time = p.start_time
left join users as u on u.user_id = p.user_id
left join songs as s on s.song_id = p.song_id
left join artists as a on a.artist_id = p.artist_id;
