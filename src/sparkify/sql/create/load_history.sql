-- What has been loaded: an object is new when its name is not here, or stands here with another ETag.
-- Grain: one row per object.
create table if not exists load_history (
    object varchar(4096) not null,  -- s3://bucket/key, or the path from the folder of dwh.cfg
    kind varchar(16) not null,  -- songs, events
    etag varchar(256) not null,  -- the content, as the store identifies it
    size bigint not null,  -- bytes
    run_id bigint not null,
    batch bigint not null,  -- number of the batch within the run, from 1
    records_read bigint not null,  -- = rows_staged + rows_rejected
    rows_staged bigint not null,
    rows_rejected bigint not null,
    loaded_at timestamp not null  -- UTC
    /* redshift: , primary key (object) */
);
