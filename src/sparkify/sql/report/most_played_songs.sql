-- Which songs are played most?
-- Counts plays by title and artist as the app names them, whether the catalogue has the song or not. Listeners are
-- people who were logged in.
with ranked as (
    select
        title,
        artist_name,
        count(*) as plays,
        count(song_id) as matched_plays
    from songplays
    where
        start_time >= $from_time and start_time < $to_time
        and $level in ('all', level)
    group by title, artist_name
    order by plays desc, title asc nulls last, artist_name asc nulls last
    limit $most
)

-- Listeners are counted for the first songs only: distinct people of every song cost four times as much.
select
    r.title,
    r.artist_name,
    r.plays,  -- plays
    count(distinct p.user_id) as listeners,  -- distinct users who were logged in
    r.matched_plays  -- plays whose song is in the catalogue
from ranked as r
inner join songplays as p
    on
        coalesce(p.title, '') = coalesce(r.title, '')
        and coalesce(p.artist_name, '') = coalesce(r.artist_name, '')
        and (p.title is null) = (r.title is null)
        and (p.artist_name is null) = (r.artist_name is null)
where
    p.start_time >= $from_time and p.start_time < $to_time
    and $level in ('all', p.level)
group by r.title, r.artist_name, r.plays, r.matched_plays
order by r.plays desc, r.title asc nulls last, r.artist_name asc nulls last;
