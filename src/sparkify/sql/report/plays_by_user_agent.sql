-- With which browsers and systems do people listen?
-- Counts plays by user agent, as the listener's browser sent it. Logged-out plays have none.
select
    user_agent,
    count(*) as plays,  -- plays
    count(distinct user_id) as listeners  -- distinct users who were logged in
from songplays
where
    start_time >= $from_time and start_time < $to_time
    and $level in ('all', level)
group by user_agent
order by plays desc, user_agent asc nulls last;
