-- The rejected records, in the order of the table's columns.
select
    run_id,
    object,
    line,
    column_name,
    reason,
    raw_text
from rejected_records;
