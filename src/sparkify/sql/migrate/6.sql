-- Version 6: a batch counts the plays of the warehouse, so that a run need not read them; fewer views and work tables.
alter table runs add column plays_total bigint;

alter table runs add column matched_total bigint;

/* duckdb: drop view if exists staging_area.delivered_plays */;

/* duckdb: drop view if exists staging_area.delivered_page_views */;

/* duckdb: drop view if exists staging_area.delivered_events */;

/* duckdb: drop table if exists staging_area.repaired_times */;
