-- An empty table that a run locks before it writes, so that one run writes at a time.
-- Grain: no rows.
create table if not exists load_lock (
    locked bigint  -- never filled; null: not used
);
