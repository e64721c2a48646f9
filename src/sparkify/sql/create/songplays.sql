-- Fact: what was played, matched to a song of the catalogue or not.
-- Grain: one row per play, that is per NextSong event; event key (session_id, item_in_session, start_time, user_id).
-- A digest cannot be compressed; in DuckDB the attempt would take a quarter of the time of a load's largest insert.
-- A load declares no key: in DuckDB each is an index, and Redshift may answer a check from a key that it does not
-- enforce. In Redshift the rows are sorted by time, so that a load, and a question about some days, reads those days
-- only; they are spread as Redshift finds best (DISTSTYLE AUTO), for no one join is the most frequent.
create table if not exists songplays (
    songplay_id varchar(32) not null /* duckdb: using compression uncompressed */,  -- md5 of the event key, hexadecimal
    start_time timestamp not null,  -- when the play began (UTC, to the millisecond)
    user_id varchar(256),  -- who listened, in users; null: logged out
    level varchar(256),  -- free or paid, at the time of the play; null: not delivered
    song_id varchar(256),  -- the song, in songs; null: the catalogue lacks it
    artist_id varchar(256),  -- the artist of that song, in artists; null: the catalogue lacks the song
    session_id bigint not null,  -- the app's number of the session
    location varchar(2048),  -- where the listener was; null: not delivered
    user_agent varchar(8192),  -- browser and system of the listener, as sent; null: not delivered
    item_in_session bigint not null,  -- place of the play among the events of its session, from 0
    title varchar(2048),  -- the song as the app named it; null: not delivered
    artist_name varchar(2048),  -- the artist as the app named it; null: not delivered
    duration double precision  -- length of the song in seconds, as the app named it; null: not delivered
    /* keys: , primary key (songplay_id), foreign key (start_time) references "time" (start_time),
    foreign key (user_id) references users (user_id), foreign key (song_id) references songs (song_id),
    foreign key (artist_id) references artists (artist_id) */
) /* redshift: diststyle auto sortkey (start_time) */;
