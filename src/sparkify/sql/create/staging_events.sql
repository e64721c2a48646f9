-- The events of the batch in hand, emptied when a batch is staged.
-- Grain: one row per event record.
-- The columns stand in the order of the JSONPaths file: its n-th path fills the n-th.
-- Redshift reserves the declared bytes of a text where it sorts and joins, so each takes what no real text exceeds, in
-- all tables alike, and in DuckDB too: a longer text makes its record bad. Titles, names of artists and places: 2,048,
-- four times the longest of the public catalogue of 385,252 songs (500). User agents: 8,192, for web servers by
-- default refuse headers of more. Keys and words of the app: 256, VARCHAR's own default and fourteen times the longest
-- key (18).
-- In Redshift its rows are spread evenly and not sorted: a batch is read whole, and joined by several columns. The work
-- tables hold few rows, and nothing is said of them.
create table if not exists staging_events (
    artist_name varchar(2048),  -- artist of the song heard, as the app credits it; null: no song, or not delivered
    auth varchar(256),  -- Logged In, Logged Out or Guest; null: not delivered
    first_name varchar(256),  -- the user's first name; null: logged out, or not delivered
    gender varchar(256),  -- the user's gender, F or M; null: logged out, or not delivered
    itemInSession bigint not null,  -- place of the event in its session, from 0
    last_name varchar(256),  -- the user's last name; null: logged out, or not delivered
    duration double precision,  -- length of the song heard, in seconds; null: no song, or not delivered
    level varchar(256),  -- free or paid, at the time of the event; null: not delivered
    artist_location varchar(2048),  -- where the listener is (the key `location` of the log); null: not delivered
    method varchar(256),  -- HTTP method: GET or PUT; null: not delivered
    page varchar(256),  -- page of the app; NextSong is a play; null: not delivered
    registration double precision,  -- when the user signed up, in milliseconds since 1970 (UTC); null: not delivered
    session_id bigint not null,  -- the app's number of the session
    title varchar(2048),  -- title of the song heard, as the app names it; null: no song, or not delivered
    status bigint,  -- HTTP status, such as 200; null: not delivered
    start_time timestamp not null,  -- when the event happened (UTC, to the millisecond)
    user_agent varchar(8192),  -- browser and system of the listener, as sent; null: not delivered
    user_id varchar(256)  -- the app's key of the user; null: logged out
) /* redshift: diststyle even */;
