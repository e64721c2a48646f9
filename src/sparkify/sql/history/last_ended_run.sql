-- The last run that is over, well or not, by its number, for clocks may be wrong. One that listed songs, too, if there
-- is any: a run of some logs alone does not end the failure of a whole one.
select
    run_id,
    status,
    error
from runs
where status <> 'running'
order by case when songs_gone is null then 1 else 0 end, run_id desc
limit 1;
