-- How many hours of music are played each day?
-- Adds up the lengths of the songs played, by the UTC day, week or month in which the play began; whether a song was
-- heard to its end is not known. A length that is not delivered, negative or more than a day adds nothing.
with timed_plays as (
    select
        cast(
            case $by
                when 'week' then date_trunc('week', start_time)
                when 'month' then date_trunc('month', start_time)
                else start_time
            end as date
        ) as day,
        case when duration between 0 and 86400 then cast(duration as decimal(18, 5)) end as seconds
    from songplays
    where
        start_time >= $from_time and start_time < $to_time
        and $level in ('all', level)
)

select
    day,  -- UTC day, or the first one of the week (a Monday) or month
    count(*) as plays,  -- plays
    count(seconds) as timed_plays,  -- plays whose length is known
    cast(sum(seconds) as double precision) / 3600 as hours  -- hours of the plays whose length is known; null: none is
from timed_plays
group by day
order by day;
