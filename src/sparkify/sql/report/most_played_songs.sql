-- Which songs are played most?
-- Counts plays by title and artist as the app names them, whether the catalogue has the song or not. Listeners are
-- people who were logged in.
with songs_by_level as (
    select
        title,
        artist_name,
        count(*) as all_plays,
        count(case when level = 'free' then 1 end) as free_plays,
        count(case when level = 'paid' then 1 end) as paid_plays
    from songplays
    where start_time >= $from_time and start_time < $to_time
    group by title, artist_name
),

-- Listeners are counted for the songs that lead at a level, or at all: distinct people of every song cost four times as
-- much.
leaders as (
    select title, artist_name
    from (
        select title, artist_name
        from songs_by_level
        order by all_plays desc, title asc nulls last, artist_name asc nulls last
        limit $most
    ) as of_all
    union
    select title, artist_name
    from (
        select title, artist_name
        from songs_by_level
        order by free_plays desc, title asc nulls last, artist_name asc nulls last
        limit $most
    ) as of_free
    union
    select title, artist_name
    from (
        select title, artist_name
        from songs_by_level
        order by paid_plays desc, title asc nulls last, artist_name asc nulls last
        limit $most
    ) as of_paid
),

leader_plays as (
    select
        l.title,
        l.artist_name,
        p.level,
        p.user_id,
        count(*) as plays,
        count(p.song_id) as matched_plays
    from leaders as l
    inner join songplays as p
        on
            coalesce(p.title, '') = coalesce(l.title, '')
            and coalesce(p.artist_name, '') = coalesce(l.artist_name, '')
            and (p.title is null) = (l.title is null)
            and (p.artist_name is null) = (l.artist_name is null)
    where p.start_time >= $from_time and p.start_time < $to_time
    group by l.title, l.artist_name, p.level, p.user_id
)

select
    title,
    artist_name,
    cast(sum(plays) as bigint) as plays,  -- plays
    count(distinct user_id) as listeners,  -- distinct users who were logged in
    cast(sum(matched_plays) as bigint) as matched_plays  -- plays whose song is in the catalogue
from leader_plays
where $level in ('all', level)
group by title, artist_name
order by plays desc, title asc nulls last, artist_name asc nulls last
limit $most;
