-- Which artists rise and fall most, week against week?
-- Counts plays by artist as the app names them, in the last 7 days of the period and in the 7 days before, the greatest
-- change first, up or down. The last 7 days end with the last day of the period, or with the day of the last play there
-- is, if that is earlier, and may not be whole. An artist with as many plays as before has no row.
with extent as (
    select
        case
            when max(start_time) < $to_time then cast(max(start_time) as date)
            else cast($to_time as date) - 1
        end as last_day
    from songplays
),

artists_by_level as (
    select
        p.artist_name,
        p.level,
        count(case when cast(p.start_time as date) > e.last_day - 7 then 1 end) as plays,
        count(case when cast(p.start_time as date) <= e.last_day - 7 then 1 end) as plays_before
    from songplays as p
    inner join extent as e on cast(p.start_time as date) > e.last_day - 14 and cast(p.start_time as date) <= e.last_day
    group by p.artist_name, p.level
),

weeks as (
    select
        artist_name,
        cast(sum(plays) as bigint) as plays,
        cast(sum(plays_before) as bigint) as plays_before,
        cast(sum(plays - plays_before) as bigint) as change
    from artists_by_level
    where $level in ('all', level)
    group by artist_name
)

select
    artist_name,
    plays,  -- plays in the last 7 days
    plays_before,  -- plays in the 7 days before
    change  -- more plays than in the 7 days before; negative: fewer
from weeks
where change <> 0
order by abs(change) desc nulls last, change desc nulls last, artist_name asc nulls last
limit $most;
