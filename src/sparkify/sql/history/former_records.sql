-- How many records each log of the batch in hand had when it was loaded before.
select
    h.object,
    h.records_read
from load_history as h
inner join replaced_objects as r on r.object = h.object
where h.kind = 'events';
