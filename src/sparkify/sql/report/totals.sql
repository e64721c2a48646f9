-- How much was played, by how many people, from when to when?
-- Counts every play of the period. A play is matched when its song is in the catalogue; listeners are people who
-- were logged in; times are UTC. Hours are the lengths of the songs played, where they are known.
select
    count(*) as plays,  -- plays
    count(distinct user_id) as listeners,  -- distinct users who were logged in
    count(distinct session_id) as sessions,  -- distinct sessions with a play
    count(song_id) as matched_plays,  -- plays whose song is in the catalogue
    min(start_time) as first_play,  -- when the first play began (UTC); null: no plays
    max(start_time) as last_play,  -- when the last play began (UTC); null: no plays
    coalesce(
        cast(sum(case when duration between 0 and 86400 then cast(duration as decimal(18, 5)) end) as double precision),
        0
    ) / 3600 as hours,  -- hours of the plays whose length is known
    count(case when level = 'paid' then 1 end) as paid_plays  -- plays of paid listeners
from songplays
where
    start_time >= $from_time and start_time < $to_time
    and $level in ('all', level);
