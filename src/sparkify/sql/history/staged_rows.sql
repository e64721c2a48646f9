-- How many rows are staged, and from when to when the plays among them reach.
select
    (select count(*) from staging_events) as events,
    (select count(*) from staging_songs) as songs,
    count(*) as plays,
    min(start_time) as first_play,
    max(start_time) as last_play
from delivered_plays;
