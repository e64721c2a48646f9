-- Why runs failed, and whether the reason may quote records: those of former versions did.
select
    run_id,
    error,
    case when events_forgotten is null then 1 else 0 end as may_quote
from runs
where error is not null;
