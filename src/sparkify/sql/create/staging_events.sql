-- The events of the batch in hand, emptied when a batch is staged.
-- Grain: one row per event record.
-- The columns stand in the order of the JSONPaths file: its n-th path fills the n-th.
create table if not exists staging_events (
    artist_name varchar(65535),  -- artist of the song heard, as the app credits it; null: no song, or not delivered
    auth varchar(256),  -- Logged In, Logged Out or Guest; null: not delivered
    first_name varchar(256),  -- the user's first name; null: logged out, or not delivered
    gender varchar(256),  -- the user's gender, F or M; null: logged out, or not delivered
    itemInSession bigint not null,  -- place of the event in its session, from 0
    last_name varchar(256),  -- the user's last name; null: logged out, or not delivered
    duration double precision,  -- length of the song heard, in seconds; null: no song, or not delivered
    level varchar(256),  -- free or paid, at the time of the event; null: not delivered
    artist_location varchar(65535),  -- where the listener is (the key `location` of the log); null: not delivered
    method varchar(256),  -- HTTP method: GET or PUT; null: not delivered
    page varchar(256),  -- page of the app; NextSong is a play; null: not delivered
    registration double precision,  -- when the user signed up, in milliseconds since 1970 (UTC); null: not delivered
    session_id bigint not null,  -- the app's number of the session
    title varchar(65535),  -- title of the song heard, as the app names it; null: no song, or not delivered
    status bigint,  -- HTTP status, such as 200; null: not delivered
    start_time timestamp not null,  -- when the event happened (UTC, to the millisecond)
    user_agent varchar(65535),  -- browser and system of the listener, as sent; null: not delivered
    user_id varchar(256)  -- the app's key of the user; null: logged out
);
