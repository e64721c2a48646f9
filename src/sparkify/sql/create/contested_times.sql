-- The moments at which a delivered play may not be the only one of its key, emptied when a batch begins.
-- Grain: one row per start_time. Equal event keys have equal start times, so any other play is the only one of its key.
create table if not exists contested_times (
    start_time timestamp not null
);
