-- What a merge must know before it begins, under the lock: how many batches all runs have committed (a run that finds
-- more than it knows of is not the only one), how many plays are matched to a song, as the sum of what the runs added,
-- how many of them are between $first_event and $last_event, and whether users were forgotten.
select
    coalesce(sum(batches), 0) as batches,
    coalesce(sum(matched_change), 0) as matched,
    (select count(song_id) from songplays where start_time between $first_event and $last_event) as matched_in_extent,
    (select count(*) from forgotten_users) as forgotten_users
from runs;
