-- What a merge must know before it begins, under the lock: how many batches all runs have committed (a run that finds
-- more than it knows of is not the only one), and what is there that steps would change or count: without it they need
-- not run. How many plays there are, and are matched to a song, is the sum of what the runs added, so that none is read
-- but those between $first_event and $last_event.
-- Subqueries are joined, not selected: DuckDB plans that in half the time.
select
    r.batches,
    r.plays,
    r.matched,
    p.plays_in_extent,
    p.matched_in_extent,
    v.page_views_in_extent,
    u.users,
    s.songs,
    a.artists,
    h.objects_loaded_before,
    f.forgotten_users
from (
    select
        coalesce(sum(batches), 0) as batches,
        coalesce(sum(plays_change), 0) as plays,
        coalesce(sum(matched_change), 0) as matched
    from runs
) as r
cross join (
    select
        count(*) as plays_in_extent,
        count(song_id) as matched_in_extent
    from songplays
    where start_time between $first_event and $last_event
) as p
cross join (
    select count(*) as page_views_in_extent
    from page_views
    where start_time between $first_event and $last_event
) as v
cross join (select count(*) as users from users) as u
cross join (select count(*) as songs from songs) as s
cross join (select count(*) as artists from artists) as a
cross join (
    select count(*) as objects_loaded_before
    from load_history as b
    where
        b.kind || '/' || b.object_key in (select o.kind || '/' || o.object_key from staging_objects as o)
        or (b.object_key = '' and b.kind in (select o.kind from staging_objects as o))
        or b.kind in (select o.kind from staging_objects as o where o.object_key = '')
) as h
cross join (select count(*) as forgotten_users from forgotten_users) as f;
