-- How long are sessions?
-- Counts sessions by how many plays they have in the period. With a level, only plays at that level count.
with lengths as (
    select
        s.plays,
        count(*) as sessions
    from (
        select
            session_id,
            count(*) as plays
        from songplays
        where
            start_time >= $from_time and start_time < $to_time
            and $level in ('all', level)
        group by session_id
    ) as s
    group by s.plays
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
