-- What a merge must know before it begins, under the lock: how many batches all runs have committed (a run that finds
-- more than it knows of is not the only one), whether users were forgotten, how many of the plays between $first_event
-- and $last_event are matched to a song, and how many plays there are, as the last batch counted them.
with known as (
    select
        coalesce(sum(batches), 0) as batches,
        max(case when plays_total is not null then run_id end) as counted
    from runs
)

select
    k.batches,
    (select count(*) from forgotten_users) as forgotten_users,
    (select count(song_id) from songplays where start_time between $first_event and $last_event) as matched_plays,
    c.plays_total,
    c.matched_total
from known as k
left join runs as c on c.run_id = k.counted;
