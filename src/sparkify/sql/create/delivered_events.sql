-- View: the events of the batch in hand with clean texts: none is encoded twice, and none ends in blanks.
-- Few texts need more than to lose their blanks: the events at the moments of these are in repaired_events.
-- DuckDB looks for a blank before it takes blanks off, which reads a text letter by letter.
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
        /* duckdb: case when artist_name like '% ' then */ rtrim(artist_name, ' ') /* duckdb: else artist_name end */ as artist_name,
        /* duckdb: case when auth like '% ' then */ rtrim(auth, ' ') /* duckdb: else auth end */ as auth,
        /* duckdb: case when first_name like '% ' then */ rtrim(first_name, ' ') /* duckdb: else first_name end */ as first_name,
        /* duckdb: case when gender like '% ' then */ rtrim(gender, ' ') /* duckdb: else gender end */ as gender,
        itemInSession,
        /* duckdb: case when last_name like '% ' then */ rtrim(last_name, ' ') /* duckdb: else last_name end */ as last_name,
        duration,
        /* duckdb: case when level like '% ' then */ rtrim(level, ' ') /* duckdb: else level end */ as level,
        nullif(/* duckdb: case when artist_location like '% ' then */ rtrim(artist_location, ' ') /* duckdb: else artist_location end */, '') as artist_location,
        /* duckdb: case when method like '% ' then */ rtrim(method, ' ') /* duckdb: else method end */ as method,
        nullif(/* duckdb: case when page like '% ' then */ rtrim(page, ' ') /* duckdb: else page end */, '') as page,
        registration,
        session_id,
        /* duckdb: case when title like '% ' then */ rtrim(title, ' ') /* duckdb: else title end */ as title,
        status,
        start_time,
        /* duckdb: case when user_agent like '% ' then */ rtrim(user_agent, ' ') /* duckdb: else user_agent end */ as user_agent,
        nullif(/* duckdb: case when user_id like '% ' then */ rtrim(user_id, ' ') /* duckdb: else user_id end */, '') as user_id
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
