-- The objects in which records were rejected.
select object
from rejected_records
group by object;
