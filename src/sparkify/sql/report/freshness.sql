-- How much was loaded, and when last?
-- Counts the objects of the load history and the records that became rows, songs and events apart. Times are UTC.
select
    kind,
    count(*) as objects,  -- objects loaded
    cast(sum(rows_staged) as bigint) as records,  -- records that became rows
    max(loaded_at) as last_loaded_at  -- when the last of them was loaded (UTC)
from load_history
group by kind
order by kind;
