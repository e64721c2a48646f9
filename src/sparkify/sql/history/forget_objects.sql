-- Forgets the former loads of the objects that are delivered again with another content.
delete from load_history
where object in (select r.object from replaced_objects as r);

delete from rejected_records
where object in (select r.object from replaced_objects as r);
