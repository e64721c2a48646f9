-- The objects in which records were rejected.
select
    h.kind,
    h.object_key,
    h.object
from load_history as h
where h.object in (select r.object from rejected_records as r);
