-- View: the events of the batch in hand that are no plays, with the columns of page_views.
-- Grain: one row per delivered event of another page than NextSong, or of none; a key may come twice.
create or replace view delivered_page_views as
select
    md5(md5(event_key) || coalesce(page, '')) as page_view_id,  -- md5 of the event key's md5 and the page, hexadecimal
    start_time,
    user_id,
    level,
    session_id,
    item_in_session,
    page,
    method,
    status,
    auth,
    location,
    user_agent
from delivered_events
where is_play = 0;
