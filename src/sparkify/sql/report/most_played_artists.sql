-- Which artists are played most?
-- Counts plays by artist as the app names them, whether the catalogue has the artist or not. Listeners are people
-- who were logged in.
with artists_by_level as (
    select
        artist_name,
        count(*) as all_plays,
        count(case when level = 'free' then 1 end) as free_plays,
        count(case when level = 'paid' then 1 end) as paid_plays
    from songplays
    where start_time >= $from_time and start_time < $to_time
    group by artist_name
),

-- Titles and listeners are counted for the artists who lead at a level, or at all: those of every artist cost six times
-- as much.
leaders as (
    select artist_name
    from (
        select artist_name
        from artists_by_level
        order by all_plays desc, artist_name asc nulls last
        limit $most
    ) as of_all
    union
    select artist_name
    from (
        select artist_name
        from artists_by_level
        order by free_plays desc, artist_name asc nulls last
        limit $most
    ) as of_free
    union
    select artist_name
    from (
        select artist_name
        from artists_by_level
        order by paid_plays desc, artist_name asc nulls last
        limit $most
    ) as of_paid
),

leader_plays as (
    select
        l.artist_name,
        p.title,
        p.level,
        p.user_id,
        count(*) as plays
    from leaders as l
    inner join songplays as p
        on
            coalesce(p.artist_name, '') = coalesce(l.artist_name, '')
            and (p.artist_name is null) = (l.artist_name is null)
    where p.start_time >= $from_time and p.start_time < $to_time
    group by l.artist_name, p.title, p.level, p.user_id
)

select
    artist_name,
    count(distinct title) as titles,  -- distinct titles heard of this artist
    cast(sum(plays) as bigint) as plays,  -- plays
    count(distinct user_id) as listeners  -- distinct users who were logged in
from leader_plays
where $level in ('all', level)
group by artist_name
order by plays desc, artist_name asc nulls last
limit $most;
