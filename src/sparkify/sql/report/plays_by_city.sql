-- In which cities do people listen?
-- Counts plays by the listener's location, which the logs give as a metropolitan area and its states, such as
-- "New York-Newark-Jersey City, NY-NJ-PA". City is the whole area, for a hyphen also stands within names
-- (Winston-Salem); state is the state named first, that of the area's first city. Logged-out plays have no location.
with places_by_level as (
    select
        location,
        user_id,
        level,
        count(*) as plays
    from songplays
    where start_time >= $from_time and start_time < $to_time
    group by location, user_id, level
),

places as (
    select
        location,
        user_id,
        sum(plays) as plays,
        (length(location) - length(replace(location, ', ', ''))) / 2 as commas
    from places_by_level
    where $level in ('all', level)
    group by location, user_id
),

parts as (
    select
        location,
        case when commas > 0 then split_part(location, ', ', cast(commas as integer) + 1) end as states,
        user_id,
        plays
    from places
),

areas as (
    select
        case
            when states is null then rtrim(location, ',')
            else left(location, length(location) - length(states) - 2)
        end as city,
        nullif(split_part(states, '-', 1), '') as state,
        user_id,
        plays
    from parts
)

select
    city,  -- metropolitan area of the listener; null: unknown
    state,  -- state of the area's first city; null: unknown
    cast(sum(plays) as bigint) as plays,  -- plays
    count(distinct user_id) as listeners  -- distinct users who were logged in
from areas
group by city, state
order by plays desc, city asc nulls last, state asc nulls last
limit $most;
