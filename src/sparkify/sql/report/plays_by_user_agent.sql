-- With which browsers and systems do people listen?
-- Counts plays by user agent, as the listener's browser sent it. Logged-out plays have none.
with user_agents_by_level as (
    select
        user_agent,
        user_id,
        level,
        count(*) as plays
    from songplays
    where start_time >= $from_time and start_time < $to_time
    group by user_agent, user_id, level
)

select
    user_agent,
    cast(sum(plays) as bigint) as plays,  -- plays
    count(distinct user_id) as listeners  -- distinct users who were logged in
from user_agents_by_level
where $level in ('all', level)
group by user_agent
order by plays desc, user_agent asc nulls last;
