-- Records that were set aside because no row could be made of them.
-- Grain: one row per rejected record of an object's latest load.
-- 1,000 characters have at most 4,000 bytes. A reason may hold the names of files and words of the engine.
-- In Redshift AUTO spreads and sorts it: it is small, and read whole.
create table if not exists rejected_records (
    run_id bigint not null,  -- the run that rejected the record, in runs
    object varchar(4096) not null,  -- the object that holds the record, in load_history
    line bigint,  -- line of the object where the record begins, from 1; null: the object could not be read as lines
    column_name varchar(256),  -- staging column that could not take its value; null: the record as a whole
    reason varchar(65535) not null,  -- what is wrong with the record
    raw_text varchar(4096)  -- first 1,000 characters; empty or null: not readable again, or perhaps a forgotten user's
) /* redshift: diststyle auto sortkey auto */;
