-- The tables and views of the schema in which the warehouse is.
select table_name
from information_schema.tables
where table_schema = current_schema()
order by table_name;
