-- Dimension: the moments at which plays began.
-- Grain: one row per distinct songplays.start_time.
create table if not exists "time" (
    start_time timestamp not null,  -- UTC, to the millisecond
    hour integer not null,  -- 0 to 23
    day integer not null,  -- 1 to 31
    week integer not null,  -- ISO week, 1 to 53
    month integer not null,  -- 1 to 12
    year integer not null,
    weekday integer not null  -- 0 is Sunday
    /* redshift: , primary key (start_time) */
) /* redshift: sortkey (start_time) */;
