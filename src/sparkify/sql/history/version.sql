-- The version of the tables.
select version
from warehouse;
