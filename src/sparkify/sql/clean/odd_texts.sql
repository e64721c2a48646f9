-- The texts of the batch in hand that may have to be cleaned: those that end in a blank, and those with a character of
-- several bytes, as any text has that was encoded twice.
select
    t.column_name,
    t.delivered
from (
    select
        'artist_name' as column_name,
        artist_name as delivered
    from staging_events
    group by artist_name
    union
    select
        'auth' as column_name,
        auth as delivered
    from staging_events
    group by auth
    union
    select
        'first_name' as column_name,
        first_name as delivered
    from staging_events
    group by first_name
    union
    select
        'gender' as column_name,
        gender as delivered
    from staging_events
    group by gender
    union
    select
        'last_name' as column_name,
        last_name as delivered
    from staging_events
    group by last_name
    union
    select
        'level' as column_name,
        level as delivered
    from staging_events
    group by level
    union
    select
        'artist_location' as column_name,
        artist_location as delivered
    from staging_events
    group by artist_location
    union
    select
        'method' as column_name,
        method as delivered
    from staging_events
    group by method
    union
    select
        'page' as column_name,
        page as delivered
    from staging_events
    group by page
    union
    select
        'title' as column_name,
        title as delivered
    from staging_events
    group by title
    union
    select
        'user_agent' as column_name,
        user_agent as delivered
    from staging_events
    group by user_agent
    union
    select
        'user_id' as column_name,
        user_id as delivered
    from staging_events
    group by user_id
    union
    select
        'artist_id' as column_name,
        artist_id as delivered
    from staging_songs
    group by artist_id
    union
    select
        'artist_location' as column_name,
        artist_location as delivered
    from staging_songs
    group by artist_location
    union
    select
        'artist_name' as column_name,
        artist_name as delivered
    from staging_songs
    group by artist_name
    union
    select
        'song_id' as column_name,
        song_id as delivered
    from staging_songs
    group by song_id
    union
    select
        'title' as column_name,
        title as delivered
    from staging_songs
    group by title
) as t
where
    t.delivered like '% '
    or /* duckdb: strlen */ /* redshift: octet_length */ (t.delivered) <> char_length(t.delivered);
