-- The version of the tables.
select version
from warehouse
where version is not null;
