-- Notes that a run has begun, if its number is the next one.
insert into runs (
    run_id, started_at, finished_at, status, error, batches, objects, bytes, events, plays_staged, plays_inserted,
    plays_known, songs, rejected, songs_gone, page_views_staged, page_views_inserted, page_views_known, texts_cleaned,
    events_forgotten, plays_change, matched_change
)
select
    $run_id,
    $now,
    null,
    'running',
    null,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    $songs_gone,
    0,
    0,
    0,
    0,
    0,
    0,
    0
from (select coalesce(max(run_id), 0) as newest from runs) as r
where r.newest = $run_id - 1;
