-- View for analysts: the sessions, from the first to the last event of each.
-- Grain: one row per session_id.
-- Milliseconds are counted as in delivered_events.
create or replace view sessions as
with ordered as (
    select
        session_id,
        user_id,
        level,
        start_time,
        page,
        row_number() over (
            partition by session_id
            order by start_time desc, item_in_session desc, level desc nulls last
        ) as place_from_end
    from events
)

select
    session_id,
    max(user_id) as user_id,  -- who, in users; the greatest where a number was given twice; null: logged out throughout
    min(start_time) as started_at,  -- when the first event of the session happened (UTC)
    max(start_time) as ended_at,  -- when the last event of the session happened (UTC)
    cast(
        cast(cast(max(start_time) as date) - cast(min(start_time) as date) as bigint) * 86400000
        + (extract(hour from max(start_time)) - extract(hour from min(start_time))) * 3600000
        + (extract(minute from max(start_time)) - extract(minute from min(start_time))) * 60000
        + (extract(second from max(start_time)) - extract(second from min(start_time))) * 1000
        + mod(cast(extract(millisecond from max(start_time)) as bigint), 1000)
        - mod(cast(extract(millisecond from min(start_time)) as bigint), 1000)
        as double precision
    ) / 60000 as minutes,  -- minutes from the first to the last event; 0: there is one
    count(*) as events,  -- events, plays and page views
    count(case when page = 'NextSong' then 1 end) as plays,  -- plays
    max(case when place_from_end = 1 then level end) as level_at_end  -- free or paid, at its last event; null: unknown
from ordered
group by session_id;
