-- How many users change to paid each day, and how many back to free?
-- Compares the level of each play of a logged-in user with that of the user's play before it, whenever that was, and
-- counts a change on the UTC day (or week, or month) of the first play at the new level. A level asked for is the
-- one changed to. Days without a change are left out; plays whose level is unknown are passed over.
with changing_users as (
    select user_id
    from songplays
    where user_id is not null
    group by user_id
    having min(level) < max(level)
),

played_levels as (
    select
        p.start_time,
        p.level,
        lag(p.level) over (
            partition by p.user_id
            order by p.start_time, p.item_in_session, p.session_id
        ) as level_before
    from songplays as p
    inner join changing_users as u on u.user_id = p.user_id
    where p.level is not null
)

select
    cast(
        case $by
            when 'week' then date_trunc('week', start_time)
            when 'month' then date_trunc('month', start_time)
            else start_time
        end as date
    ) as day,  -- UTC day, or the first one of the week (a Monday) or month
    count(case when level = 'paid' then 1 end) as upgrades,  -- changes from free to paid
    count(case when level = 'free' then 1 end) as downgrades  -- changes from paid to free
from played_levels
where
    ((level_before = 'free' and level = 'paid') or (level_before = 'paid' and level = 'free'))
    and start_time >= $from_time and start_time < $to_time
    and $level in ('all', level)
group by day
order by day;
