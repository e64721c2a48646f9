-- Why were records rejected?
-- Counts the records that were set aside because no row could be made of them, by the reason and by the staging
-- column that could not take its value, if it was one of them and not the record as a whole.
select
    reason,
    column_name,
    count(*) as records,  -- rejected records
    count(distinct object) as objects  -- distinct objects that hold them
from rejected_records
group by reason, column_name
order by records desc, reason asc, column_name asc nulls last;
