-- How many batches of a run were committed.
select batches
from runs
where run_id = $run_id;
