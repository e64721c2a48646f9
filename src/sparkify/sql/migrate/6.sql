-- Version 6: each run tells by how many plays the warehouse grew, so that none need read them all; the newest one so
-- far tells all that there are. There are fewer views and work tables.
alter table runs add column plays_change bigint;

alter table runs add column matched_change bigint;

update runs
set
    plays_change = (select count(*) from songplays),
    matched_change = (select count(song_id) from songplays)
where run_id = (select max(run_id) from runs);

/* duckdb: drop view if exists staging_area.delivered_plays */;

/* duckdb: drop view if exists staging_area.delivered_page_views */;

/* duckdb: drop view if exists staging_area.delivered_events */;

/* duckdb: drop table if exists staging_area.repaired_times */;
