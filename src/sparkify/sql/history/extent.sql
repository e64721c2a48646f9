-- From when to when the delivered plays reach, how many they are, and how many events were staged.
select
    min(start_time) as first_play,
    max(start_time) as last_play,
    count(*) as plays,
    (select count(*) from staging_events) as events
from delivered_plays;
