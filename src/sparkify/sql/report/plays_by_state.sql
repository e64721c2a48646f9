-- In which states do people listen?
-- Counts plays by the first state of the listener's location: of a metropolitan area in several states, such as "New
-- York-Newark-Jersey City, NY-NJ-PA", all plays count for the state of its first city. It is unknown where the
-- location names none, as in logged-out plays, which have no location.
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

states as (
    select
        case
            when commas > 0
                then nullif(split_part(split_part(location, ', ', cast(commas as integer) + 1), '-', 1), '')
        end as state,
        user_id,
        plays
    from places
)

select
    state,  -- state of the area's first city; null: unknown
    cast(sum(plays) as bigint) as plays,  -- plays
    count(distinct user_id) as listeners  -- distinct users who were logged in
from states
group by state
order by plays desc, state asc nulls last
limit $most;
