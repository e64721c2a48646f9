-- A page view whose user is not in users vanishes from every question that joins the two.
select
    v.page_view_id,
    v.user_id
from page_views as v
where
    v.start_time between $first_event and $last_event
    and v.user_id is not null
    and not exists (select 1 from users as u where u.user_id = v.user_id);
