-- The objects of the batch in hand that had been loaded before with another content, emptied when a batch begins.
-- Grain: one row per object.
-- Columns: as in load_history.
create table if not exists replaced_objects (
    object varchar(4096) not null
);
