-- The moments at which a delivered play may not be the only one of its key; emptied when a batch is staged.
-- Grain: one row per start_time.
-- Columns: as in time.
-- Equal event keys have equal start times, so a play at any other moment is the only one of its key.
create table if not exists duplicate_times (
    start_time timestamp not null
);
