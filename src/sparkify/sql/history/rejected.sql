-- The rejected records, by object and line.
select
    object,
    line,
    column_name,
    reason,
    raw_text
from rejected_records
order by object asc, line asc nulls last, column_name asc nulls last, reason asc, raw_text asc nulls last;
