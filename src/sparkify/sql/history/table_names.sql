-- The tables and views of the schemas in which the warehouse is: its own, and that of the staging tables.
select table_name
from information_schema.tables
where table_schema = current_schema() or table_schema = $staging
order by table_name;
