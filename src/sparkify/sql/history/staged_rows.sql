-- How many rows are staged, how many of them are plays and how many page views, and from when to when events reach.
select
    (select count(*) from staging_events) as events,
    (select count(*) from staging_songs) as songs,
    count(case when is_play = 1 then 1 end) as plays,
    count(case when is_play = 0 then 1 end) as page_views,
    min(start_time) as first_event,
    max(start_time) as last_event
from delivered_events;
