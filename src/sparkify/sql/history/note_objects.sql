-- Notes the objects of the batch as loaded, in the transaction of the batch.
insert into load_history (
    kind, object_key, object, etag, size, run_id, batch, records_read, rows_staged, rows_rejected, loaded_at
)
select
    o.kind,
    o.object_key,
    o.object,
    o.etag,
    o.size,
    $run_id,
    $batch,
    o.records_read,
    o.rows_staged,
    o.rows_rejected,
    $now
from staging_objects as o;
