-- Who listens most?
-- Counts the plays of each logged-in user and the sessions in which they lie. The current level is that of the
-- user's latest event of any kind, whatever the period and the level asked for.
with ranked as (
    select
        user_id,
        count(*) as plays
    from songplays
    where
        user_id is not null
        and start_time >= $from_time and start_time < $to_time
        and $level in ('all', level)
    group by user_id
    order by plays desc, user_id asc
    limit $most
)

select
    r.user_id,  -- who listened, in users
    u.first_name,
    u.last_name,
    u.level as current_level,
    r.plays,  -- plays
    count(distinct p.session_id) as sessions  -- distinct sessions with a play
from ranked as r
inner join songplays as p on p.user_id = r.user_id
left join users as u on u.user_id = r.user_id
where
    p.start_time >= $from_time and p.start_time < $to_time
    and $level in ('all', p.level)
group by r.user_id, u.first_name, u.last_name, u.level, r.plays
order by r.plays desc, r.user_id asc;
