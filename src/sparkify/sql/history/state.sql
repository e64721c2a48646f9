-- The version of the tables, and what the warehouse holds: the plays are the sum of what the runs added, so that none
-- is read. And how many batches all runs have committed, how many runs are noted as running, the number of the newest
-- one and how it ended, how the last one that listed songs ended, and the loaded song objects that the bucket no longer
-- held then.
with known as (
    select
        coalesce(sum(plays_change), 0) as plays,
        coalesce(sum(matched_change), 0) as matched,
        coalesce(sum(batches), 0) as batches,
        coalesce(sum(case when status = 'running' then 1 else 0 end), 0) as running,
        coalesce(max(run_id), 0) as newest,
        max(case when songs_gone is not null then run_id end) as listed
    from runs
)

select
    (select case when count(*) = 1 then max(version) end from warehouse where version is not null) as version,
    (select count(*) from users) as users,
    (select count(*) from songs) as songs,
    (select count(*) from artists) as artists,
    k.plays,
    k.matched,
    k.batches,
    k.running,
    k.newest,
    n.status,
    l.status as status_of_listing,
    l.songs_gone
from known as k
left join runs as n on n.run_id = k.newest
left join runs as l on l.run_id = k.listed;
