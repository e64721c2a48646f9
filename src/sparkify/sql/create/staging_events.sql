-- The events of the batch in hand, emptied when a batch begins.
-- Grain: one row per event record. The columns stand in the order of the JSONPaths file: its n-th path fills the n-th.
create table if not exists staging_events (
    artist_name varchar(65535),  -- artist of the song heard, as the app credits it
    auth varchar(256),  -- Logged In, Logged Out, Guest
    first_name varchar(256),
    gender varchar(256),  -- F, M
    itemInSession bigint not null,  -- place of the event in its session, from 0
    last_name varchar(256),
    duration double precision,  -- length of the song heard, in seconds
    level varchar(256),  -- free, paid
    artist_location varchar(65535),  -- where the listener is (the mission's name for the key `location`)
    method varchar(256),  -- HTTP method
    page varchar(256),  -- NextSong is a play
    registration double precision,  -- when the user registered, in milliseconds since 1970 (UTC)
    session_id bigint not null,
    title varchar(65535),  -- title of the song heard
    status bigint,  -- HTTP status
    start_time timestamp not null,  -- when it happened (UTC), from milliseconds since 1970
    user_agent varchar(65535),
    user_id varchar(256)  -- null: logged out
);
