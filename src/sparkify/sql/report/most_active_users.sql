-- Who listens most?
-- Counts the plays of each logged-in user and the sessions in which they lie. The current level is that of the
-- user's latest event of any kind, whatever the period and the level asked for.
with users_by_level as (
    select
        user_id,
        count(*) as all_plays,
        count(case when level = 'free' then 1 end) as free_plays,
        count(case when level = 'paid' then 1 end) as paid_plays
    from songplays
    where
        user_id is not null
        and start_time >= $from_time and start_time < $to_time
    group by user_id
),

leaders as (
    select user_id
    from (
        select user_id
        from users_by_level
        order by all_plays desc, user_id asc
        limit $most
    ) as of_all
    union
    select user_id
    from (
        select user_id
        from users_by_level
        order by free_plays desc, user_id asc
        limit $most
    ) as of_free
    union
    select user_id
    from (
        select user_id
        from users_by_level
        order by paid_plays desc, user_id asc
        limit $most
    ) as of_paid
),

leader_sessions as (
    select
        p.user_id,
        p.level,
        p.session_id,
        count(*) as plays
    from leaders as l
    inner join songplays as p on p.user_id = l.user_id
    where p.start_time >= $from_time and p.start_time < $to_time
    group by p.user_id, p.level, p.session_id
)

select
    s.user_id,  -- who listened, in users
    u.first_name,
    u.last_name,
    u.level as current_level,
    cast(sum(s.plays) as bigint) as plays,  -- plays
    count(distinct s.session_id) as sessions  -- distinct sessions with a play
from leader_sessions as s
left join users as u on u.user_id = s.user_id
where $level in ('all', s.level)
group by s.user_id, u.first_name, u.last_name, u.level
order by plays desc, s.user_id asc
limit $most;
