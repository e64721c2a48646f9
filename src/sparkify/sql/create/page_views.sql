-- Fact: what else happened: every event that is no play, such as Home, Login, Upgrade, Submit Downgrade and Error.
-- Grain: one row per event of another page than NextSong; key: the event key and the page.
-- As in songplays: a digest cannot be compressed, and Redshift's rows are sorted by time.
create table if not exists page_views (
    page_view_id varchar(32) not null /* duckdb: using compression uncompressed */,  -- md5 of the key's md5 and page
    start_time timestamp not null,  -- when the event happened (UTC, to the millisecond)
    user_id varchar(256),  -- whose event it is, in users; null: logged out
    level varchar(256),  -- free or paid, at the time of the event; null: not delivered
    session_id bigint not null,  -- the app's number of the session
    item_in_session bigint not null,  -- place of the event among the events of its session, from 0
    page varchar(256),  -- page of the app, such as Home; null: not delivered
    method varchar(256),  -- HTTP method: GET or PUT; null: not delivered
    status bigint,  -- HTTP status, such as 200, or 404 of an Error; null: not delivered
    auth varchar(256),  -- Logged In, Logged Out, Guest or Cancelled; null: not delivered
    location varchar(2048),  -- where the user was; null: not delivered
    user_agent varchar(8192)  -- browser and system of the user, as sent; null: not delivered
    /* keys: , primary key (page_view_id), foreign key (user_id) references users (user_id) */
) /* redshift: diststyle auto sortkey (start_time) */;
