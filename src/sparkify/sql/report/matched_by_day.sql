-- What share of each day's plays is of songs in the catalogue?
-- Counts plays by UTC day. A play is matched when the catalogue has a song of exactly its title and artist.
select
    cast(start_time as date) as day,  -- UTC day
    count(*) as plays,  -- plays
    count(song_id) as matched_plays,  -- plays whose song is in the catalogue
    cast(count(song_id) as double precision) / count(*) as matched_share  -- matched plays of all plays, 0 to 1
from songplays
where
    start_time >= $from_time and start_time < $to_time
    and $level in ('all', level)
group by cast(start_time as date)
order by day;
