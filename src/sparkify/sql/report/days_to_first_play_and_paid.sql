-- How long after users register do they first play a song, and first play one as paid?
-- Counts the users who registered in the period by the days from that day to the day of their first play, and of their
-- first play as paid, in the whole warehouse (UTC days). A play before the registration counts as 0 days after it. A
-- user whose registration was not delivered is left out.
with first_plays as (
    select
        u.user_id,
        cast(u.registered_at as date) as registered_on,
        cast(min(p.start_time) as date) as played_on,
        cast(min(case when p.level = 'paid' then p.start_time end) as date) as paid_on
    from users as u
    left join songplays as p on p.user_id = u.user_id
    where u.registered_at >= $from_time and u.registered_at < $to_time
    group by u.user_id, u.registered_at
),

steps as (
    select
        played_on - registered_on as days,
        1 as played,
        0 as paid
    from first_plays
    union all
    select
        paid_on - registered_on,
        0,
        1
    from first_plays
),

lengths as (
    select
        case when days < 0 then 0 else days end as days,
        sum(played) as played,
        sum(paid) as paid
    from steps
    group by case when days < 0 then 0 else days end
),

classes as (
    select
        0 as days_from,
        0 as days_to
    union all
    select 1, 7
    union all
    select 8, 30
    union all
    select 31, cast(null as integer)
    union all
    select cast(null as integer), cast(null as integer)
)

select
    c.days_from,  -- fewest days of this class; null: there is no such play
    c.days_to,  -- most days of this class; null: no limit, or there is no such play
    coalesce(cast(sum(l.played) as bigint), 0) as users_by_first_play,  -- users, by the days to their first play
    coalesce(cast(sum(l.paid) as bigint), 0) as users_by_first_paid_play  -- users, by the days to the first one as paid
from classes as c
left join lengths as l
    on
        (l.days >= c.days_from and (l.days <= c.days_to or c.days_to is null))
        or (l.days is null and c.days_from is null)
group by c.days_from, c.days_to
order by c.days_from asc nulls last;
