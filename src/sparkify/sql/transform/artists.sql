-- Computes the artists of the songs that changed again from the catalogue.
-- Grain: one row per artist_id; one whole record, never a mixture of several.
-- Order: both coordinates known first, then location known, then the shortest name in characters (it has no "feat."),
-- then the lowest in (name, location, latitude, longitude), nulls last.
insert into artists (artist_id, name, location, latitude, longitude)
select
    a.artist_id,
    a.name,
    a.location,
    a.latitude,
    a.longitude
from (
    select
        k.artist_id,
        k.name,
        k.location,
        k.latitude,
        k.longitude,
        row_number() over (
            partition by k.artist_id
            order by
                case when k.latitude is null or k.longitude is null then 1 else 0 end,
                case when k.location is null then 1 else 0 end,
                char_length(k.name) nulls last,
                k.name nulls last,
                k.location nulls last,
                k.latitude nulls last,
                k.longitude nulls last
        ) as choice
    from (
        select
            artist_id,
            artist_name as name,
            artist_location as location,
            artist_latitude as latitude,
            artist_longitude as longitude
        from catalogue
        where artist_id in (select c.artist_id from changed_songs as c)
    ) as k
) as a
where a.choice = 1;
