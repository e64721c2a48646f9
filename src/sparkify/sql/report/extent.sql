-- From when to when do the plays of the warehouse reach?
-- Takes all plays of all listeners. Times are UTC.
select
    min(start_time) as first_play,  -- when the first play began (UTC); null: no plays
    max(start_time) as last_play  -- when the last play began (UTC); null: no plays
from songplays;
