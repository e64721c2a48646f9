-- Brings the users of the batch up to their latest event.
-- Grain: one row per user_id.
-- Order: the latest event, as user_candidates ranks them; a late older log changes nothing.
delete from users
using user_candidates as c
where
    users.user_id = c.user_id
    and c.choice = 1
    and c.is_loaded = 0;

insert into users (user_id, first_name, last_name, gender, level, latest_start_time, latest_item_in_session)
select
    c.user_id,
    c.first_name,
    c.last_name,
    c.gender,
    c.level,
    c.latest_start_time,
    c.latest_item_in_session
from user_candidates as c
where c.choice = 1 and c.is_loaded = 0;
