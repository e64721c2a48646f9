-- Version 4, when every text is clean: an empty place is null, rows whose keys have become the same are one, songs and
-- artists are chosen again from the catalogue, and plays are matched by their clean texts.
update songplays
set location = null
where location = '';

update catalogue
set artist_location = null
where artist_location = '';

delete from users
where user_id = '';

update songplays
set songplay_id = k.new_id
from (
    select
        songplay_id as former_id,
        md5(
            cast(session_id as varchar(20)) || '|' || cast(item_in_session as varchar(20)) || '|'
            || cast(
                cast(cast(start_time as date) - date '1970-01-01' as bigint) * 86400000
                + extract(hour from start_time) * 3600000
                + extract(minute from start_time) * 60000
                + extract(second from start_time) * 1000
                + mod(cast(extract(millisecond from start_time) as bigint), 1000)
                as varchar(20)
            ) || '|' || coalesce(user_id, '')
        ) as new_id
    from songplays
) as k
where k.former_id = songplays.songplay_id and k.new_id <> k.former_id;

create table merged_rows as
select
    t.songplay_id,
    t.start_time,
    t.user_id,
    t.level,
    t.song_id,
    t.artist_id,
    t.session_id,
    t.location,
    t.user_agent,
    t.item_in_session,
    t.title,
    t.artist_name,
    t.duration,
    row_number() over (
        partition by t.songplay_id
        order by
            t.level desc nulls last, t.location desc nulls last, t.user_agent desc nulls last,
            t.title desc nulls last, t.artist_name desc nulls last, t.duration desc nulls last
    ) as choice
from songplays as t
where t.songplay_id in (select d.songplay_id from songplays as d group by d.songplay_id having count(*) > 1);

delete from songplays
where songplay_id in (select m.songplay_id from merged_rows as m);

insert into songplays (
    songplay_id, start_time, user_id, level, song_id, artist_id, session_id, location, user_agent,
    item_in_session, title, artist_name, duration
)
select
    m.songplay_id, m.start_time, m.user_id, m.level, m.song_id, m.artist_id, m.session_id, m.location,
    m.user_agent, m.item_in_session, m.title, m.artist_name, m.duration
from merged_rows as m
where m.choice = 1;

drop table merged_rows;

create table merged_rows as
select
    t.user_id,
    t.first_name,
    t.last_name,
    t.gender,
    t.level,
    t.latest_start_time,
    t.latest_item_in_session,
    row_number() over (
        partition by t.user_id
        order by
            t.latest_start_time desc, t.latest_item_in_session desc, t.first_name desc nulls last,
            t.last_name desc nulls last, t.gender desc nulls last, t.level desc nulls last
    ) as choice
from users as t
where t.user_id in (select d.user_id from users as d group by d.user_id having count(*) > 1);

delete from users
where user_id in (select m.user_id from merged_rows as m);

insert into users (
    user_id, first_name, last_name, gender, level, latest_start_time, latest_item_in_session
)
select
    m.user_id, m.first_name, m.last_name, m.gender, m.level, m.latest_start_time, m.latest_item_in_session
from merged_rows as m
where m.choice = 1;

drop table merged_rows;

delete from songs;

insert into songs (song_id, title, artist_id, year, duration)
select
    s.song_id,
    s.title,
    s.artist_id,
    s.year,
    s.duration
from (
    select
        song_id,
        title,
        artist_id,
        nullif(year, 0) as year,
        duration,
        row_number() over (
            partition by song_id
            order by
                case when nullif(year, 0) is null then 1 else 0 end,
                title nulls last,
                artist_id,
                duration nulls last,
                year nulls last
        ) as choice
    from catalogue
) as s
where s.choice = 1;

delete from artists;

insert into artists (artist_id, name, location, latitude, longitude)
select
    a.artist_id,
    a.artist_name,
    a.artist_location,
    a.artist_latitude,
    a.artist_longitude
from (
    select
        artist_id,
        artist_name,
        artist_location,
        artist_latitude,
        artist_longitude,
        row_number() over (
            partition by artist_id
            order by
                case when artist_latitude is null or artist_longitude is null then 1 else 0 end,
                case when artist_location is null then 1 else 0 end,
                char_length(artist_name) nulls last,
                artist_name nulls last,
                artist_location nulls last,
                artist_latitude nulls last,
                artist_longitude nulls last
        ) as choice
    from catalogue
) as a
where a.choice = 1;

update songplays
set
    song_id = m.song_id,
    artist_id = m.artist_id
from (
    select
        h.title,
        h.artist_name,
        h.duration,
        c.song_id,
        c.artist_id,
        row_number() over (
            partition by h.title, h.artist_name, h.duration
            order by abs(c.duration - h.duration) nulls last, c.song_id nulls last, c.artist_id nulls last
        ) as choice
    from (
        select
            title,
            artist_name,
            duration
        from songplays
        group by title, artist_name, duration
    ) as h
    inner join catalogue as c on c.title = h.title and c.artist_name = h.artist_name
) as m
where
    m.choice = 1
    and m.title = songplays.title
    and m.artist_name = songplays.artist_name
    and (m.duration = songplays.duration or (m.duration is null and songplays.duration is null));
