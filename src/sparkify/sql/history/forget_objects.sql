-- Forgets the former loads of the objects that are delivered again, in the transaction of the batch.
-- An object with an empty key is all of its kind, and so replaces, and is replaced by, any other.
delete from load_history
where
    kind || '/' || object_key in (select o.kind || '/' || o.object_key from staging_objects as o)
    or (object_key = '' and kind in (select o.kind from staging_objects as o))
    or kind in (select o.kind from staging_objects as o where o.object_key = '');
