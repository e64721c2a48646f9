-- Gives the loaded page views of which a greater copy was delivered the values of that copy.
-- Grain: one row per key, as duplicate_page_views ranks the copies.
-- The fact is read between $first_event and $last_event only, so old page views cost nothing.
update page_views
set
    level = c.level,
    method = c.method,
    status = c.status,
    auth = c.auth,
    location = c.location,
    user_agent = c.user_agent
from duplicate_page_views as c
where
    c.choice = 1
    and c.is_loaded = 0
    and c.is_known = 1
    and page_views.page_view_id = c.page_view_id
    and page_views.start_time = c.start_time
    and page_views.start_time between $first_event and $last_event;
