-- When objects of each kind were loaded last, at all and by a clock that is right, and how many by one that is wrong.
-- A load is dated wrong when it, or the beginning of its run, is later than $latest.
select
    h.kind,
    max(h.loaded_at) as last_loaded_at,
    max(case when h.loaded_at <= $latest and coalesce(r.started_at, h.loaded_at) <= $latest then h.loaded_at end)
        as last_dated_at,
    sum(case when h.loaded_at <= $latest and coalesce(r.started_at, h.loaded_at) <= $latest then 0 else 1 end)
        as from_future
from load_history as h
left join runs as r on r.run_id = h.run_id
group by h.kind;
