-- An object of which a record was neither staged nor rejected has lost it in silence.
select
    object,
    records_read,
    rows_staged,
    rows_rejected
from load_history
where
    records_read <> rows_staged + rows_rejected
    /* batch: and object_key in (select o.object_key from staging_objects as o) */;
