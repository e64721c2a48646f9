-- The runs of the load, failed ones too.
-- Grain: one row per run that reached the warehouse.
create table if not exists runs (
    run_id bigint not null,
    started_at timestamp not null,  -- UTC
    finished_at timestamp,  -- UTC; null: still running, or killed
    status varchar(16) not null,  -- running, done, failed, killed
    error varchar(65535),  -- why it failed
    batches bigint not null,  -- committed
    objects bigint not null,
    bytes bigint not null,
    events bigint not null,  -- event records staged
    plays_staged bigint not null,  -- of these, NextSong events
    plays_inserted bigint not null,
    plays_known bigint not null,  -- = plays_staged - plays_inserted: delivered before, or twice
    songs bigint not null,  -- song records staged
    rejected bigint not null
    /* redshift: , primary key (run_id) */
);
