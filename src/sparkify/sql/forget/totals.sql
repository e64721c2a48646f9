-- Lets the newest run tell of the plays that are gone, so that what the runs added is what there is.
update runs
set
    plays_change = coalesce(plays_change, 0)
    + (select count(*) from songplays) - (select coalesce(sum(r.plays_change), 0) from runs as r),
    matched_change = coalesce(matched_change, 0)
    + (select count(song_id) from songplays) - (select coalesce(sum(r.matched_change), 0) from runs as r)
where run_id = (select max(r.run_id) from runs as r);
