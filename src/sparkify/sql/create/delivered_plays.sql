-- View: the plays among the events of the batch in hand, with the columns of the fact table.
-- Grain: one row per staged NextSong event; a key may come twice.
create or replace view delivered_plays as
select
    md5(
        cast(session_id as varchar(20)) || '|' || cast(itemInSession as varchar(20)) || '|'
        || cast(
            cast(extract(epoch from date_trunc('second', start_time)) as bigint) * 1000
            + mod(cast(extract(millisecond from start_time) as bigint), 1000)
            as varchar(20)
        ) || '|' || coalesce(user_id, '')
    ) as songplay_id,  -- md5 of the event key, hexadecimal
    start_time,
    user_id,
    level,
    session_id,
    artist_location as location,
    user_agent,
    itemInSession as item_in_session,
    title,
    artist_name,
    duration
from staging_events
where page = 'NextSong';
