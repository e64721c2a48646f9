-- Every event that is no play, with the year and the month by which its files are sorted into folders.
select
    page_view_id,
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
    user_agent,
    cast(extract(year from start_time) as integer) as year,
    cast(extract(month from start_time) as integer) as month
from page_views;
