-- View: the plays among the events of the batch in hand, with the columns of the fact table.
-- Grain: one row per delivered NextSong event; a key may come twice.
create or replace view delivered_plays as
select
    md5(event_key) as songplay_id,  -- md5 of the event key, hexadecimal
    start_time,
    user_id,
    level,
    session_id,
    location,
    user_agent,
    item_in_session,
    title,
    artist_name,
    duration
from delivered_events
where is_play = 1;
