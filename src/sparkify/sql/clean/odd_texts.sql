-- The texts of the batch in hand that may have to be cleaned: those that end in a blank, and those with a character of
-- several bytes, as any text has that was encoded twice.
-- Redshift groups texts that differ by blanks at the end as one, so it groups by their length, too. Whether its LIKE
-- counts such blanks is not documented; a length does. DuckDB looks at every row, and LIKE is the fastest look.
-- Redshift finds the empty keys of songs here, too, which COPY takes and of which no row can be made.
select
    t.column_name,
    t.delivered
from (
    select
        'artist_name' as column_name,
        artist_name as delivered
    from staging_events
    group by artist_name /* redshift: , char_length(artist_name) */
    union all
    select
        'auth' as column_name,
        auth as delivered
    from staging_events
    group by auth /* redshift: , char_length(auth) */
    union all
    select
        'first_name' as column_name,
        first_name as delivered
    from staging_events
    group by first_name /* redshift: , char_length(first_name) */
    union all
    select
        'gender' as column_name,
        gender as delivered
    from staging_events
    group by gender /* redshift: , char_length(gender) */
    union all
    select
        'last_name' as column_name,
        last_name as delivered
    from staging_events
    group by last_name /* redshift: , char_length(last_name) */
    union all
    select
        'level' as column_name,
        level as delivered
    from staging_events
    group by level /* redshift: , char_length(level) */
    union all
    select
        'artist_location' as column_name,
        artist_location as delivered
    from staging_events
    group by artist_location /* redshift: , char_length(artist_location) */
    union all
    select
        'method' as column_name,
        method as delivered
    from staging_events
    group by method /* redshift: , char_length(method) */
    union all
    select
        'page' as column_name,
        page as delivered
    from staging_events
    group by page /* redshift: , char_length(page) */
    union all
    select
        'title' as column_name,
        title as delivered
    from staging_events
    group by title /* redshift: , char_length(title) */
    union all
    select
        'user_agent' as column_name,
        user_agent as delivered
    from staging_events
    group by user_agent /* redshift: , char_length(user_agent) */
    union all
    select
        'user_id' as column_name,
        user_id as delivered
    from staging_events
    group by user_id /* redshift: , char_length(user_id) */
    union all
    select
        'artist_id' as column_name,
        artist_id as delivered
    from staging_songs
    group by artist_id /* redshift: , char_length(artist_id) */
    union all
    select
        'artist_location' as column_name,
        artist_location as delivered
    from staging_songs
    group by artist_location /* redshift: , char_length(artist_location) */
    union all
    select
        'artist_name' as column_name,
        artist_name as delivered
    from staging_songs
    group by artist_name /* redshift: , char_length(artist_name) */
    union all
    select
        'song_id' as column_name,
        song_id as delivered
    from staging_songs
    group by song_id /* redshift: , char_length(song_id) */
    union all
    select
        'title' as column_name,
        title as delivered
    from staging_songs
    group by title /* redshift: , char_length(title) */
) as t
where
    t.delivered like '% '
    or /* duckdb: strlen */ /* redshift: octet_length */ (t.delivered) <> char_length(t.delivered)
    /* redshift: or char_length(rtrim(t.delivered, ' ')) <> char_length(t.delivered)
    or (t.delivered = '' and t.column_name in ('artist_id', 'song_id')) */
group by t.column_name, t.delivered, char_length(t.delivered);
