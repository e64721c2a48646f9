-- View for analysts: every event, play or page view, in one stream.
-- Grain: one row per event.
create or replace view events as
select
    start_time,
    user_id,
    level,
    session_id,
    item_in_session,
    page,
    location,
    user_agent
from page_views
union all
select
    start_time,
    user_id,
    level,
    session_id,
    item_in_session,
    'NextSong' as page,
    location,
    user_agent
from songplays;
