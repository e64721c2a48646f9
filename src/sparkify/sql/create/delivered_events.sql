-- View: the events of the batch in hand with clean texts: none is encoded twice, and none ends in blanks.
-- Few texts need more than to lose their blanks: the events at the moments of these are in repaired_events.
-- Grain: one row per event record; a key may come twice.
-- Milliseconds are counted from days, for Redshift's extract(epoch ...) is an INTEGER, which ends in 2038.
create or replace view delivered_events as
with clean as (
    select
        artist_name,
        auth,
        first_name,
        gender,
        itemInSession,
        last_name,
        duration,
        level,
        artist_location,
        method,
        page,
        registration,
        session_id,
        title,
        status,
        start_time,
        user_agent,
        user_id
    from repaired_events
    union all
    select
        rtrim(artist_name, ' ') as artist_name,
        rtrim(auth, ' ') as auth,
        rtrim(first_name, ' ') as first_name,
        rtrim(gender, ' ') as gender,
        itemInSession,
        rtrim(last_name, ' ') as last_name,
        duration,
        rtrim(level, ' ') as level,
        nullif(rtrim(artist_location, ' '), '') as artist_location,
        rtrim(method, ' ') as method,
        nullif(rtrim(page, ' '), '') as page,
        registration,
        session_id,
        rtrim(title, ' ') as title,
        status,
        start_time,
        rtrim(user_agent, ' ') as user_agent,
        nullif(rtrim(user_id, ' '), '') as user_id
    from staging_events
    where not exists (select 1 from repaired_events as r where r.start_time = staging_events.start_time)
)

select
    artist_name,
    auth,
    first_name,
    gender,
    itemInSession as item_in_session,
    last_name,
    duration,
    level,
    artist_location as location,
    method,
    page,
    session_id,
    title,
    status,
    start_time,
    user_agent,
    user_id,
    case when page = 'NextSong' then 1 else 0 end as is_play,  -- 1: a play, 0: a page view
    cast(session_id as varchar(20)) || '|' || cast(itemInSession as varchar(20)) || '|'
    || cast(
        cast(cast(start_time as date) - date '1970-01-01' as bigint) * 86400000
        + extract(hour from start_time) * 3600000
        + extract(minute from start_time) * 60000
        + extract(second from start_time) * 1000
        + mod(cast(extract(millisecond from start_time) as bigint), 1000)
        as varchar(20)
    ) || '|' || coalesce(user_id, '') as event_key,  -- what makes two records the same event
    case
        when registration between -62135596800000 and 253402300799999
            then
                timestamp '1970-01-01 00:00:00'
                + cast(
                    (cast(trunc(registration) as bigint) - mod(cast(trunc(registration) as bigint), 86400000))
                    / 86400000 as bigint
                )
                * interval '1 day'
                + cast(
                    (
                        mod(cast(trunc(registration) as bigint), 86400000)
                        - mod(cast(trunc(registration) as bigint), 1000)
                    )
                    / 1000 as bigint
                )
                * interval '1 second'
                + mod(cast(trunc(registration) as bigint), 1000) * interval '0.001 second'
    end as registered_at  -- when the user signed up (UTC, cut to the millisecond); null: unknown, or in no year
from clean;
