-- The moments of the events of the batch in hand that hold a text of repaired_texts; emptied when a batch is staged.
-- Grain: one row per start_time.
-- Columns: as in staging_events.
create table if not exists repaired_times (
    start_time timestamp not null
);
