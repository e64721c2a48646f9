-- The objects of the batch in hand, with what was read of each; emptied when a batch is staged.
-- Grain: one row per object.
-- Columns: as in load_history.
create table if not exists staging_objects (
    kind varchar(16) not null,
    object_key varchar(4096) not null,
    object varchar(4096) not null,
    etag varchar(256) not null,
    size bigint not null,
    records_read bigint not null,
    rows_staged bigint not null,
    rows_rejected bigint not null
);
