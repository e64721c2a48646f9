-- The records of the batch in hand of which no row could be made; emptied when a batch is staged.
-- Grain: one row per rejected record.
-- Columns: as in rejected_records.
create table if not exists staging_rejected_records (
    object varchar(4096) not null,
    line bigint,
    column_name varchar(256),
    reason varchar(65535) not null,
    raw_text varchar(4096)
);
