-- Brings the users of the batch up to their latest event.
-- Grain: one row per user_id.
-- Order: as latest_users found them.
insert into users (
    user_id, first_name, last_name, gender, level, latest_start_time, latest_item_in_session, registered_at
)
select
    n.user_id,
    n.first_name,
    n.last_name,
    n.gender,
    n.level,
    n.latest_start_time,
    n.latest_item_in_session,
    n.registered_at
from latest_users as n;
