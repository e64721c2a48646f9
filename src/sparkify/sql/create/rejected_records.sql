-- Records that were set aside because no row could be made of them.
-- Grain: one row per rejected record of an object's latest load.
create table if not exists rejected_records (
    run_id bigint not null,
    object varchar(4096) not null,
    line bigint,  -- line of the object where the record begins, from 1; null: the object could not be read as lines
    column_name varchar(256),  -- staging column that could not take its value; null: the record as a whole
    reason varchar(65535) not null,
    raw_text varchar(65535)  -- the record as delivered, cut when it is longer
);
