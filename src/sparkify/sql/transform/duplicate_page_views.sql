-- Ranks the page views, delivered and loaded, at the moments in duplicate_times within their key.
-- Grain: one row per copy of a page view; choice 1 is the one to keep.
-- Order: the greatest in (level, method, status, auth, location, user_agent), nulls lowest; of equal copies the loaded
-- one, so that nothing is written for a page view that is already there.
-- The fact is read between $first_event and $last_event only, so old page views cost nothing.
insert into duplicate_page_views (
    page_view_id, start_time, user_id, level, session_id, item_in_session, page, method, status, auth, location,
    user_agent, is_loaded, is_known, choice
)
select
    c.page_view_id,
    c.start_time,
    c.user_id,
    c.level,
    c.session_id,
    c.item_in_session,
    c.page,
    c.method,
    c.status,
    c.auth,
    c.location,
    c.user_agent,
    c.is_loaded,
    max(c.is_loaded) over (partition by c.page_view_id),
    row_number() over (
        partition by c.page_view_id
        order by
            c.level desc nulls last,
            c.method desc nulls last,
            c.status desc nulls last,
            c.auth desc nulls last,
            c.location desc nulls last,
            c.user_agent desc nulls last,
            c.is_loaded desc
    )
from (
    select
        md5(md5(d.event_key) || coalesce(d.page, '')) as page_view_id, d.start_time, d.user_id, d.level, d.session_id,
        d.item_in_session, d.page, d.method, d.status, d.auth, d.location, d.user_agent, 0 as is_loaded
    from delivered_events as d
    where d.is_play = 0 and d.start_time in (select t.start_time from duplicate_times as t)
    union all
    select
        v.page_view_id, v.start_time, v.user_id, v.level, v.session_id, v.item_in_session, v.page, v.method, v.status,
        v.auth, v.location, v.user_agent, 1 as is_loaded
    from page_views as v
    where
        v.start_time between $first_event and $last_event
        and v.start_time in (select t.start_time from duplicate_times as t)
) as c;
