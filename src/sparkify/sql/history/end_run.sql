-- Notes how a run ended.
update runs
set
    finished_at = $now,
    status = $status,
    error = $error
where run_id = $run_id;
