-- Notes the objects of the batch as loaded, and their bad records as rejected, in the transaction of the batch.
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

insert into rejected_records (run_id, object, line, column_name, reason, raw_text)
select
    $run_id,
    r.object,
    r.line,
    r.column_name,
    r.reason,
    r.raw_text
from staging_rejected_records as r;
