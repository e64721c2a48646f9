-- The logs of the batch in hand that have fewer good records than when they were loaded before.
-- All that lies below LOG_DATA, read as one object with an empty key, is none: logs that expire there make it shorter.
select
    o.object,
    o.rows_staged,
    h.rows_staged as former_rows
from staging_objects as o
inner join load_history as h on h.kind = o.kind and h.object_key = o.object_key
where o.kind = 'events' and o.object_key <> '' and o.rows_staged < h.rows_staged
order by o.object asc;
