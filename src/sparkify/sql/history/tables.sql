-- The tables of the warehouse that are there.
select table_name
from information_schema.tables
where table_schema = current_schema() and table_name = 'warehouse';
