-- Chooses the song of the catalogue that a play means: one that was delivered, or whose song may have changed.
-- Grain: one row per (title, artist_name, duration).
-- Match: exactly the play's title and its artist as the song credits it.
-- Order: the nearest in duration, unknown last, then the lowest song_id, then the lowest artist_id.
insert into song_matches (title, artist_name, duration, song_id, artist_id)
select
    m.title,
    m.artist_name,
    m.duration,
    m.song_id,
    m.artist_id
from (
    select
        heard.title,
        heard.artist_name,
        heard.duration,
        s.song_id,
        s.artist_id,
        row_number() over (
            partition by heard.title, heard.artist_name, heard.duration
            order by abs(s.duration - heard.duration) nulls last, s.song_id nulls last, s.artist_id nulls last
        ) as choice
    from (
        select
            d.title,
            d.artist_name,
            d.duration
        from delivered_events as d
        where
            d.is_play = 1
            and exists (select 1 from catalogue as c where c.title = d.title and c.artist_name = d.artist_name)
        union
        select
            title,
            artist_name,
            duration
        from play_match_keys
    ) as heard
    left join catalogue as s on s.title = heard.title and s.artist_name = heard.artist_name
) as m
where m.choice = 1;
