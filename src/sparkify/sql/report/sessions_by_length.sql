-- How long are sessions?
-- Counts sessions by how many plays they have in the period. With a level, only plays at that level count.
with sessions_by_level as (
    select
        session_id,
        count(*) as all_plays,
        count(case when level = 'free' then 1 end) as free_plays,
        count(case when level = 'paid' then 1 end) as paid_plays,
        min(start_time) as first_play,  -- for sessions_by_day and totals, with which a report reads this part once
        min(case when level = 'free' then start_time end) as first_free_play,
        min(case when level = 'paid' then start_time end) as first_paid_play
    from songplays
    where start_time >= $from_time and start_time < $to_time
    group by session_id
),

sessions_asked as (
    select
        case $level when 'free' then free_plays when 'paid' then paid_plays else all_plays end as plays
    from sessions_by_level
),

lengths as (
    select
        plays,
        count(*) as sessions
    from sessions_asked
    where plays > 0
    group by plays
),

classes as (
    select
        1 as plays_from,
        1 as plays_to
    union all
    select 2, 5
    union all
    select 6, 10
    union all
    select 11, 20
    union all
    select 21, 50
    union all
    select 51, cast(null as integer)
)

select
    c.plays_from,  -- fewest plays of a session of this class
    c.plays_to,  -- most plays of a session of this class; null: no limit
    coalesce(cast(sum(l.sessions) as bigint), 0) as sessions  -- sessions
from classes as c
left join lengths as l on l.plays >= c.plays_from and (l.plays <= c.plays_to or c.plays_to is null)
group by c.plays_from, c.plays_to
order by c.plays_from;
