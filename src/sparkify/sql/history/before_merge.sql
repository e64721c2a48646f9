-- What a merge must know before it begins, under the lock: how many batches all runs have committed (a run that finds
-- more than it knows of is not the only one), and what is there that steps would change or count: without it they need
-- not run. How many plays there are, and are matched to a song, is the sum of what the runs added, so that none is read
-- but those between $first_event and $last_event.
-- Grain: one row for each thing that is counted, and, of plays, how many are matched to a song.
-- Joined to one row, they would take DuckDB three times as long to plan.
select
    'batches' as counted,
    coalesce(sum(batches), 0) as number,
    0 as matched
from runs
union all
select
    'plays before' as counted,
    coalesce(sum(plays_change), 0) as number,
    coalesce(sum(matched_change), 0) as matched
from runs
union all
select
    'plays in extent' as counted,
    count(*) as number,
    count(song_id) as matched
from songplays
where start_time between $first_event and $last_event
union all
select
    'page views in extent' as counted,
    count(*) as number,
    0 as matched
from page_views
where start_time between $first_event and $last_event
union all
select
    'users before' as counted,
    count(*) as number,
    0 as matched
from users
union all
select
    'songs before' as counted,
    count(*) as number,
    0 as matched
from songs
union all
select
    'artists before' as counted,
    count(*) as number,
    0 as matched
from artists
union all
select
    'objects loaded before' as counted,
    count(*) as number,
    0 as matched
from load_history as b
where
    b.kind || '/' || b.object_key in (select o.kind || '/' || o.object_key from staging_objects as o)
    or (b.object_key = '' and b.kind in (select o.kind from staging_objects as o))
    or b.kind in (select o.kind from staging_objects as o where o.object_key = '')
union all
select
    'forgotten users' as counted,
    count(*) as number,
    0 as matched
from forgotten_users;
