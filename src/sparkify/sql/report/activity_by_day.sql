-- How much is played each day, by how many people, and how much of it by payers?
-- Counts by UTC day, week or month. Hours are the lengths of the songs played; whether a song was heard to its end
-- is not known, and a length that is not delivered, negative or more than a day adds nothing. Days without a play
-- are left out.
select
    cast(
        case $by
            when 'week' then date_trunc('week', start_time)
            when 'month' then date_trunc('month', start_time)
            else start_time
        end as date
    ) as day,  -- UTC day, or the first one of the week (a Monday) or month
    count(*) as plays,  -- plays
    count(distinct user_id) as listeners,  -- distinct users who were logged in
    coalesce(
        cast(sum(case when duration between 0 and 86400 then cast(duration as decimal(18, 5)) end) as double precision),
        0
    ) / 3600 as hours,  -- hours of the plays whose length is known
    count(case when level = 'paid' then 1 end) as paid_plays  -- plays of paid listeners
from songplays
where
    start_time >= $from_time and start_time < $to_time
    and $level in ('all', level)
group by day
order by day;
