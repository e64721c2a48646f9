-- What share of each day's plays is of songs in the catalogue?
-- Counts plays by UTC day, week or month. A play is matched when the catalogue has a song of exactly its title and
-- artist.
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
        count(*) as plays,
        count(song_id) as matched_plays
    from songplays
    where start_time >= $from_time and start_time < $to_time
    group by day, level
)

select
    day,  -- UTC day, or the first one of the week (a Monday) or month
    cast(sum(plays) as bigint) as plays,  -- plays
    cast(sum(matched_plays) as bigint) as matched_plays,  -- plays whose song is in the catalogue
    cast(sum(matched_plays) as double precision) / sum(plays) as matched_share  -- matched plays of all plays, 0 to 1
from days_by_level
where $level in ('all', level)
group by day
order by day;
