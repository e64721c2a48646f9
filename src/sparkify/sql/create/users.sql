-- Dimension: who listens.
-- Grain: one row per user_id, as of the user's latest event of any page.
create table if not exists users (
    user_id varchar(256) not null,
    first_name varchar(256),
    last_name varchar(256),
    gender varchar(256),
    level varchar(256),  -- free or paid, at the latest event
    latest_start_time timestamp not null,  -- when that event happened (UTC)
    latest_item_in_session bigint not null  -- its place in its session
    /* redshift: , primary key (user_id) */
);
