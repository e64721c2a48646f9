-- The run that tells how the load stands, by its number, for clocks may be wrong: the last one that is over, if it did
-- not end well; else the last one that listed songs, too, if there is any. A run of some logs alone does not end the
-- failure of a whole one.
with ended as (
    select
        run_id,
        status,
        error,
        songs_gone
    from runs
    where status <> 'running'
)

select
    e.run_id,
    e.status,
    e.error
from ended as e
cross join (select max(run_id) as newest from ended) as n
order by
    case
        when e.run_id = n.newest and e.status <> 'done' then 0
        when e.songs_gone is not null then 1
        else 2
    end,
    e.run_id desc
limit 1;
