-- Notes that a run has begun. A run that is still noted as running has been killed, for only one runs at a time.
update runs
set status = 'killed'
where status = 'running';

insert into runs (
    run_id, started_at, finished_at, status, error, batches, objects, bytes, events, plays_staged, plays_inserted,
    plays_known, songs, rejected, songs_gone, page_views_staged, page_views_inserted, page_views_known, texts_cleaned,
    events_forgotten
)
select
    coalesce(max(run_id), 0) + 1,
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
    0
from runs;
