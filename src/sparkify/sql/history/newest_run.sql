-- The number of the newest run.
select max(run_id)
from runs;
