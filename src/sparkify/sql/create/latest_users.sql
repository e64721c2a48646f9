-- The users of the batch in hand who are to be brought up to date; emptied when a batch is staged.
-- Grain: one row per user_id.
-- Columns: as in users.
create table if not exists latest_users (
    user_id varchar(256) not null,
    first_name varchar(256),
    last_name varchar(256),
    gender varchar(256),
    level varchar(256),
    latest_start_time timestamp not null,
    latest_item_in_session bigint not null,
    registered_at timestamp
);
