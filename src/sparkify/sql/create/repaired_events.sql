-- The events of the batch in hand at the moments of those that hold a text of repaired_texts, with clean texts;
-- emptied when a batch is staged.
-- Grain: one row per event record.
-- Columns: as in staging_events.
-- In Redshift as staging_events.
create table if not exists repaired_events (
    artist_name varchar(2048),
    auth varchar(256),
    first_name varchar(256),
    gender varchar(256),
    itemInSession bigint not null,
    last_name varchar(256),
    duration double precision,
    level varchar(256),
    artist_location varchar(2048),
    method varchar(256),
    page varchar(256),
    registration double precision,
    session_id bigint not null,
    title varchar(2048),
    status bigint,
    start_time timestamp not null,
    user_agent varchar(8192),
    user_id varchar(256)
) /* redshift: diststyle even */;
