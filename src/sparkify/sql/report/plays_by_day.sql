-- How many plays are there each day, of free and of paid listeners?
-- Counts plays by UTC day, week or month, and by the listener's level at the time of the play, which is unknown
-- where the log did not tell it. Days without a play are left out.
with days_by_level as (
    select
        cast(
            case $by
                when 'week' then date_trunc('week', start_time)
                when 'month' then date_trunc('month', start_time)
                else start_time
            end as date
        ) as day,
        level,
        count(*) as plays
    from songplays
    where start_time >= $from_time and start_time < $to_time
    group by day, level
)

select
    day,  -- UTC day, or the first one of the week (a Monday) or month
    level,
    plays  -- plays
from days_by_level
where $level in ('all', level)
order by day asc, level asc nulls last;
