-- How many plays are there each day, of free and of paid listeners?
-- Counts plays by UTC day, week or month, and by the listener's level at the time of the play, which is unknown
-- where the log did not tell it. Days without a play are left out.
select
    cast(
        case $by
            when 'week' then date_trunc('week', start_time)
            when 'month' then date_trunc('month', start_time)
            else start_time
        end as date
    ) as day,  -- UTC day, or the first one of the week (a Monday) or month
    level,
    count(*) as plays  -- plays
from songplays
where
    start_time >= $from_time and start_time < $to_time
    and $level in ('all', level)
group by day, level
order by day asc, level asc nulls last;
