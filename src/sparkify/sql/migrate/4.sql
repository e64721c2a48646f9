-- Version 4: page views have a table of their own, users the moment at which they signed up, and staging and work
-- tables a schema of their own. Logs that are still in the bucket are read once more, for their page views.
drop view if exists plays;

/* duckdb: drop view if exists delivered_plays */;

/* duckdb: drop table if exists staging_events */;

/* duckdb: drop table if exists staging_songs */;

/* duckdb: drop table if exists staging_objects */;

/* duckdb: drop table if exists staging_rejected_records */;

/* duckdb: drop table if exists changed_songs */;

/* duckdb: drop table if exists play_match_keys */;

/* duckdb: drop table if exists song_matches */;

/* duckdb: drop table if exists duplicate_times */;

/* duckdb: drop table if exists duplicate_plays */;

/* duckdb: drop table if exists latest_users */;

alter table users add column registered_at timestamp;

alter table runs add column page_views_staged bigint;

alter table runs add column page_views_inserted bigint;

alter table runs add column page_views_known bigint;

alter table runs add column texts_cleaned bigint;

update load_history
set etag = ''
where kind = 'events';
