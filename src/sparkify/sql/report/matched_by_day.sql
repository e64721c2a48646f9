-- What share of each day's plays is of songs in the catalogue?
-- Counts plays by UTC day, week or month. A play is matched when the catalogue has a song of exactly its title and
-- artist.
select
    cast(
        case $by
            when 'week' then date_trunc('week', start_time)
            when 'month' then date_trunc('month', start_time)
            else start_time
        end as date
    ) as day,  -- UTC day, or the first one of the week (a Monday) or month
    count(*) as plays,  -- plays
    count(song_id) as matched_plays,  -- plays whose song is in the catalogue
    cast(count(song_id) as double precision) / count(*) as matched_share  -- matched plays of all plays, 0 to 1
from songplays
where
    start_time >= $from_time and start_time < $to_time
    and $level in ('all', level)
group by day
order by day;
