-- Computes the songs that changed again from the catalogue.
-- Grain: one row per song_id.
-- Order: year known first, then the lowest in (title, artist_id, duration, year), nulls last.
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
    where song_id in (select c.song_id from changed_songs as c)
) as s
where s.choice = 1;
