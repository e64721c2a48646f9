-- The run that has just begun.
select max(run_id)
from runs;
