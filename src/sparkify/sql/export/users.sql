-- Every user.
select
    user_id,
    first_name,
    last_name,
    gender,
    level,
    latest_start_time,
    latest_item_in_session,
    registered_at
from users;
