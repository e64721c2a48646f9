-- What has been loaded. An object is known by its kind and its key: it is new when these are not here, or have another
-- ETag, wherever the bucket lies.
-- Grain: one row per object, as of its latest load.
-- In Redshift AUTO spreads and sorts it: it is small, and read whole.
create table if not exists load_history (
    kind varchar(16) not null,  -- what the object holds: songs or events
    object_key varchar(4096) not null,  -- the object's key below SONG_DATA or LOG_DATA; empty: all that lies there
    object varchar(4096) not null,  -- where the object was read: s3://bucket/key, or a path from the folder of dwh.cfg
    etag varchar(256) not null,  -- the object's content, as the store identifies it
    size bigint not null,  -- the object's bytes, as stored
    run_id bigint not null,  -- the run that loaded the object, in runs
    batch bigint not null,  -- number of the object's batch within that run, from 1
    records_read bigint not null,  -- records of the object, good and bad: rows_staged + rows_rejected
    rows_staged bigint not null,  -- records of which a row was made, events of forgotten users among them
    rows_rejected bigint not null,  -- records of which no row could be made, in rejected_records
    loaded_at timestamp not null  -- when the object was loaded (UTC)
    /* keys: , primary key (kind, object_key) */
) /* redshift: diststyle auto sortkey auto */;
