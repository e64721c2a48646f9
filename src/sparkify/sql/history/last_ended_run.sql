-- The last run that is over, well or not: by its number, for clocks may be wrong.
select
    run_id,
    status,
    error
from runs
where status <> 'running'
order by run_id desc
limit 1;
