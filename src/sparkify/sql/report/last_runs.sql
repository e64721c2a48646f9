-- How did the last runs of the load end?
-- Lists the runs, the newest first, failed ones too. Counts are of what a run committed; times are UTC.
select
    run_id,
    started_at,
    finished_at,
    status,
    events,
    plays_inserted,
    page_views_inserted,
    songs,
    rejected,
    texts_cleaned,
    events_forgotten,
    error
from runs
order by run_id desc
limit $most;
