-- Inserts the delivered page views that are not loaded.
-- Grain: one row per event key (session_id, item_in_session, start_time, user_id) and page.
-- Order: of one key with two contents the greatest, as duplicate_page_views ranks them; elsewhere keys cannot repeat.
insert into page_views (
    page_view_id, start_time, user_id, level, session_id, item_in_session, page, method, status, auth, location,
    user_agent
)
select
    md5(md5(d.event_key) || coalesce(d.page, '')) as page_view_id, d.start_time, d.user_id, d.level, d.session_id,
    d.item_in_session, d.page, d.method, d.status, d.auth, d.location, d.user_agent
from delivered_events as d
where d.is_play = 0 and not exists (select 1 from duplicate_times as t where t.start_time = d.start_time)
union all
select
    c.page_view_id, c.start_time, c.user_id, c.level, c.session_id, c.item_in_session, c.page, c.method, c.status,
    c.auth, c.location, c.user_agent
from duplicate_page_views as c
where c.choice = 1 and c.is_known = 0;
