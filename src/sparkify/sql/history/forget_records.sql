-- Forgets the rejected records of objects that are no longer in load_history, in the transaction of the batch.
delete from rejected_records
where object not in (select h.object from load_history as h);
