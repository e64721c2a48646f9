-- Dimension: the moments at which plays began, and their parts in UTC.
-- Grain: one row per distinct songplays.start_time.
-- In Redshift sorted by time like the facts, of which a load reads a range; AUTO, as in songplays.
create table if not exists "time" (
    start_time timestamp not null,  -- the moment (UTC, to the millisecond)
    hour integer not null,  -- hour of the day (UTC), 0 to 23
    day integer not null,  -- day of the month, 1 to 31
    week integer not null,  -- ISO week, 1 to 53: the first days of January may be in the last week of the year before
    month integer not null,  -- month of the year, 1 to 12
    year integer not null,  -- calendar year, such as 2018
    weekday integer not null  -- day of the week, 0 (Sunday) to 6 (Saturday)
    /* keys: , primary key (start_time) */
) /* redshift: diststyle auto sortkey (start_time) */;
