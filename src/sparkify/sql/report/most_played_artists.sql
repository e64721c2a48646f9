-- Which artists are played most?
-- Counts plays by artist as the app names them, whether the catalogue has the artist or not. Listeners are people
-- who were logged in.
with ranked as (
    select
        artist_name,
        count(*) as plays
    from songplays
    where
        start_time >= $from_time and start_time < $to_time
        and $level in ('all', level)
    group by artist_name
    order by plays desc, artist_name asc nulls last
    limit $most
)

-- Titles and listeners are counted for the first artists only: those of every artist cost six times as much.
select
    r.artist_name,
    count(distinct p.title) as titles,  -- distinct titles heard of this artist
    r.plays,  -- plays
    count(distinct p.user_id) as listeners  -- distinct users who were logged in
from ranked as r
inner join songplays as p
    on
        coalesce(p.artist_name, '') = coalesce(r.artist_name, '')
        and (p.artist_name is null) = (r.artist_name is null)
where
    p.start_time >= $from_time and p.start_time < $to_time
    and $level in ('all', p.level)
group by r.artist_name, r.plays
order by r.plays desc, r.artist_name asc nulls last;
