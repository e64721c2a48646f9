-- Adds what a batch did to its run, in the transaction of the batch. The last batch ends the run. Changes no row where
-- the tables are no longer those in which the run began: dropped and created again, or of another version.
update runs
set
    status = $status,
    finished_at = $finished_at,
    batches = batches + 1,
    objects = objects + $objects,
    bytes = bytes + $bytes,
    events = events + $events,
    plays_staged = plays_staged + $plays_staged,
    plays_inserted = plays_inserted + $plays_inserted,
    plays_known = plays_known + $plays_known,
    page_views_staged = page_views_staged + $page_views_staged,
    page_views_inserted = page_views_inserted + $page_views_inserted,
    page_views_known = page_views_known + $page_views_known,
    songs = songs + $songs,
    rejected = rejected + $rejected,
    texts_cleaned = texts_cleaned + $texts_cleaned,
    events_forgotten = events_forgotten + $events_forgotten,
    plays_change = plays_change + $plays_inserted,
    matched_change = matched_change + $matched_change
where
    run_id = $run_id
    and exists (select w.version from warehouse as w where w.version = $version);
