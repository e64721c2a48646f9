-- Dimension: who listens.
-- Grain: one row per user_id, as of the user's latest event of any page.
-- In Redshift its rows are sorted by the key, by which they are joined and replaced; AUTO lays a small table on every
-- node, and spreads one that has grown.
create table if not exists users (
    user_id varchar(256) not null,  -- the app's key of the user
    first_name varchar(256),  -- the user's first name; null: not delivered
    last_name varchar(256),  -- the user's last name; null: not delivered
    gender varchar(256),  -- the user's gender, F or M; null: not delivered
    level varchar(256),  -- free or paid, at the user's latest event; null: not delivered
    latest_start_time timestamp not null,  -- when the user's latest event happened (UTC, to the millisecond)
    latest_item_in_session bigint not null,  -- place of the user's latest event in its session, from 0
    registered_at timestamp  -- when the user signed up, by the latest event (UTC); null: not delivered
    /* keys: , primary key (user_id) */
) /* redshift: diststyle auto sortkey (user_id) */;
