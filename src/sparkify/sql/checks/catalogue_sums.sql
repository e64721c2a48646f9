-- An object whose rows in the catalogue are more or fewer than were staged of it was loaded twice, or lost some.
select
    h.object,
    h.rows_staged,
    c.in_catalogue
from load_history as h
inner join (
    select
        source_file,
        count(*) as in_catalogue
    from staging_songs
    group by source_file
) as c on c.source_file = h.object
where c.in_catalogue <> h.rows_staged;
