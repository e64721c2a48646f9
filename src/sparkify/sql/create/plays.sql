-- View for analysts: every play with what is known of its listener, song, artist and moment.
-- Of a listener who is logged out, and of a song that the catalogue lacks, nothing is known: null.
-- Grain: one row per play.
-- Columns: as in time.
-- A key stands once in users, songs and artists. `group by` says so once more, where DuckDB sees it: of a question that
-- asks for no column of a dimension, DuckDB 2 leaves out one such join. The parts of a date are computed: a join with
-- time would take as long as all the rest.
create or replace view plays as
with listeners as (
    select
        user_id,
        max(first_name) as first_name,
        max(last_name) as last_name,
        max(gender) as gender,
        max(level) as level
    from users
    group by user_id
),

recordings as (
    select
        song_id,
        max(year) as year
    from songs
    group by song_id
),

credited as (
    select
        artist_id,
        max(name) as name,
        max(location) as location,
        max(latitude) as latitude,
        max(longitude) as longitude
    from artists
    group by artist_id
)

select
    p.songplay_id,
    p.start_time,
    cast(extract(hour from p.start_time) as integer) as hour,
    cast(extract(day from p.start_time) as integer) as day,
    cast(extract(week from p.start_time) as integer) as week,
    cast(extract(month from p.start_time) as integer) as month,
    cast(extract(year from p.start_time) as integer) as year,
    cast(extract(dow from p.start_time) as integer) as weekday,
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
left join listeners as u on u.user_id = p.user_id
left join recordings as s on s.song_id = p.song_id
left join credited as a on a.artist_id = p.artist_id;
