-- Counts what the merge did not insert, because its key is loaded already or was delivered twice; and how many of the
-- plays between $first_event and $last_event are matched to a song by now.
select
    (
        select count(*)
        from duplicate_plays
        where is_loaded = 0 and (is_known = 1 or choice > 1)
    ) as known_plays,
    (
        select count(*)
        from duplicate_page_views
        where is_loaded = 0 and (is_known = 1 or choice > 1)
    ) as known_page_views,
    (
        select count(song_id)
        from songplays
        where start_time between $first_event and $last_event
    ) as matched_plays;
