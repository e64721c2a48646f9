-- The version of the tables, so that a program of another version does not touch them.
-- Grain: one row.
create table if not exists warehouse (
    version bigint not null  -- raised when a table changes in what it stores
);
