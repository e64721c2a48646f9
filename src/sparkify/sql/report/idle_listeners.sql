-- Which listeners have stopped listening?
-- Lists the logged-in users with plays, but none in the 14 days that end with the last day of the period, or with the
-- day of the last play there is, if that is earlier. The level is that of the user's latest event until then that names
-- one. Payers come first, then who listened last.
with extent as (
    select
        case
            when max(start_time) < $to_time then cast(max(start_time) as date)
            else cast($to_time as date) - 1
        end as last_day
    from songplays
),

last_plays as (
    select
        user_id,
        max(start_time) as last_play
    from songplays
    where
        user_id is not null
        and start_time < $to_time
    group by user_id
),

idle as (
    select
        p.user_id,
        p.last_play,
        e.last_day - cast(p.last_play as date) as days_since
    from last_plays as p
    inner join extent as e on e.last_day - cast(p.last_play as date) >= 14
),

numbered as (
    select
        e.user_id,
        e.level,
        row_number() over (
            partition by e.user_id
            order by e.start_time desc, e.item_in_session desc, e.session_id desc, e.level desc
        ) as place_from_end
    from idle as i
    inner join events as e on e.user_id = i.user_id
    where
        e.level is not null
        and e.start_time < $to_time
),

levels as (
    select
        user_id,
        level
    from numbered
    where place_from_end = 1
)

select
    i.user_id,  -- who listened, in users
    u.first_name,
    u.last_name,
    l.level,  -- free or paid, at the user's latest event that names it; null: not delivered
    i.last_play,  -- when the user's last play began (UTC)
    cast(i.days_since as integer) as days_since  -- days from that day to the end
from idle as i
left join levels as l on l.user_id = i.user_id
left join users as u on u.user_id = i.user_id
where $level in ('all', l.level)
order by l.level desc nulls last, i.last_play desc nulls last, i.user_id asc
limit $most;
