-- View for analysts: who was free or paid from when to when, as events of any page show it.
-- A slowly changing dimension of type 2; events without a level say nothing.
-- Grain: one row per user_id and change of level, the first level included.
create or replace view user_levels as
with numbered as (
    select
        user_id,
        level,
        start_time,
        row_number() over (partition by user_id order by start_time, item_in_session, level) as number,
        lag(level) over (partition by user_id order by start_time, item_in_session, level) as level_before
    from events
    where user_id is not null and level is not null
),

changes as (
    select
        user_id,
        level,
        start_time,
        number
    from numbered
    where level_before is null or level_before <> level
)

select
    user_id,  -- the app's key of the user
    level,  -- free or paid
    start_time as valid_from,  -- when the first event at this level happened (UTC)
    lead(start_time) over (partition by user_id order by number) as valid_to  -- when the next one did; null: never
from changes;
