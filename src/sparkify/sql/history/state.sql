-- The version of the tables, and what the warehouse holds: the plays as the last batch counted them, so that no play is
-- read. And how many batches all runs have committed, how the newest run ended, and the loaded song objects that the
-- bucket no longer held when it was listed last.
with known as (
    select
        coalesce(sum(batches), 0) as batches,
        max(run_id) as newest,
        max(case when plays_total is not null then run_id end) as counted,
        max(case when songs_gone is not null then run_id end) as listed
    from runs
)

select
    (select case when count(*) = 1 then max(version) end from warehouse where version is not null) as version,
    (select count(*) from users) as users,
    (select count(*) from songs) as songs,
    (select count(*) from artists) as artists,
    c.plays_total,
    c.matched_total,
    k.batches,
    n.status,
    l.songs_gone
from known as k
left join runs as n on n.run_id = k.newest
left join runs as c on c.run_id = k.counted
left join runs as l on l.run_id = k.listed;
