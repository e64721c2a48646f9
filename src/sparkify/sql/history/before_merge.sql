-- What a merge must know before it begins, under the lock: how many batches all runs have committed (a run that finds
-- more than it knows of is not the only one), and what is there that steps would change or count: without it they need
-- not run. How many plays there are, and are matched to a song, is the sum of what the runs added, so that none is read
-- but those between $first_event and $last_event.
select
    coalesce(sum(batches), 0) as batches,
    coalesce(sum(plays_change), 0) as plays,
    coalesce(sum(matched_change), 0) as matched,
    (select count(*) from songplays where start_time between $first_event and $last_event) as plays_in_extent,
    (select count(song_id) from songplays where start_time between $first_event and $last_event) as matched_in_extent,
    (select count(*) from page_views where start_time between $first_event and $last_event) as page_views_in_extent,
    (select count(*) from users) as users,
    (select count(*) from songs) as songs,
    (select count(*) from artists) as artists,
    (
        select count(*)
        from load_history as h
        where
            h.kind || '/' || h.object_key in (select o.kind || '/' || o.object_key from staging_objects as o)
            or (h.object_key = '' and h.kind in (select o.kind from staging_objects as o))
            or h.kind in (select o.kind from staging_objects as o where o.object_key = '')
    ) as objects_loaded_before,
    (select count(*) from forgotten_users) as forgotten_users
from runs;
