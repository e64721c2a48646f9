-- How many batches all runs have committed: a run that finds more than it knows of is not the only one.
select coalesce(sum(batches), 0)
from runs;
