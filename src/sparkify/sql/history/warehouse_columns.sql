-- The columns and types of the table that holds the warehouse's version, if it is a table.
select
    c.column_name,
    c.data_type
from information_schema.columns as c
inner join information_schema.tables as t on c.table_schema = t.table_schema and c.table_name = t.table_name
where t.table_type = 'BASE TABLE' and c.table_schema = current_schema() and c.table_name = 'warehouse';
