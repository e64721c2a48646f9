-- An object whose rows in the catalogue are more or fewer than were staged of it was loaded twice, or lost some.
select
    h.object,
    h.rows_staged,
    coalesce(c.in_catalogue, 0) as in_catalogue
from load_history as h
left join (
    select
        source_file,
        count(*) as in_catalogue
    from catalogue
    /* batch: where source_file in (select o.object_key from staging_objects as o) */
    group by source_file
) as c on c.source_file = h.object_key
where
    h.kind = 'songs'
    and coalesce(c.in_catalogue, 0) <> h.rows_staged
    /* batch: and h.object_key in (select o.object_key from staging_objects as o) */;
