-- The columns of all tables in the schema of the warehouse, in order: table, column, type, and NO where it is required.
select
    c.table_name,
    c.column_name,
    c.data_type,
    c.is_nullable
from information_schema.columns as c
where c.table_schema = current_schema()
order by c.table_name, c.ordinal_position;
