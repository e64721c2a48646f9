-- Notes the bad records of the batch as rejected, in the transaction of the batch.
insert into rejected_records (run_id, object, line, column_name, reason, raw_text)
select
    $run_id,
    r.object,
    r.line,
    r.column_name,
    r.reason,
    r.raw_text
from staging_rejected_records as r;
