-- The plays, delivered and loaded, at the moments in duplicate_times; emptied when a batch is staged.
-- Grain: one row per copy of a play.
-- Columns: as in songplays.
create table if not exists duplicate_plays (
    songplay_id varchar(32) not null,
    start_time timestamp not null,
    user_id varchar(256),
    level varchar(256),
    session_id bigint not null,
    location varchar(2048),
    user_agent varchar(8192),
    item_in_session bigint not null,
    title varchar(2048),
    artist_name varchar(2048),
    duration double precision,
    is_loaded integer not null,  -- 1: the copy in songplays, 0: a delivered one
    is_known integer not null,  -- 1: a copy of this play is in songplays, 0: none is
    choice bigint not null  -- rank of the copy among those of its play; 1 is the one to keep
);
