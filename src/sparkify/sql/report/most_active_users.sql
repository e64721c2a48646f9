-- Who listens most?
-- Counts the plays of each logged-in user and the sessions in which they lie. The current level is that of the user's
-- latest event of any kind, whatever the period and the level asked for.
with active_users as (
    select
        user_id,
        count(*) as plays,
        count(distinct session_id) as sessions
    from songplays
    where
        user_id is not null
        and start_time >= $from_time and start_time < $to_time
        and $level in ('all', level)
    group by user_id
)

select
    a.user_id,  -- who listened, in users
    u.first_name,
    u.last_name,
    u.level as current_level,
    a.plays,  -- plays
    a.sessions  -- distinct sessions with a play
from active_users as a
left join users as u on u.user_id = a.user_id
order by a.plays desc, a.user_id asc
limit $most;
