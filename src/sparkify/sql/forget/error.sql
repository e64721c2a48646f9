-- Replaces the reason why a run failed.
update runs
set error = $error
where run_id = $run_id;
