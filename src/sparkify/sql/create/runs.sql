-- The runs of the load, failed ones too. In Redshift, where each commit costs, a run with nothing new is left out,
-- unless it ends a failure or counts other songs_gone.
-- Grain: one row per run that reached the warehouse.
-- In Redshift AUTO spreads and sorts it: it is small, and read whole.
create table if not exists runs (
    run_id bigint not null,  -- number of the run, from 1
    started_at timestamp not null,  -- when the run began (UTC)
    finished_at timestamp,  -- when the run ended (UTC); null: still running, or killed
    status varchar(16) not null,  -- how the run stands: running, done, failed or killed
    error varchar(65535),  -- why the run failed, without the text of any record; null: it did not
    batches bigint not null,  -- batches that the run committed
    objects bigint not null,  -- objects loaded by them
    bytes bigint not null,  -- size of these objects, as stored
    events bigint not null,  -- event records staged, without those of forgotten users
    plays_staged bigint not null,  -- play records (NextSong events) staged
    plays_inserted bigint not null,  -- plays that were new
    plays_known bigint not null,  -- plays that were not, delivered before or twice: plays_staged - plays_inserted
    songs bigint not null,  -- song records staged
    rejected bigint not null,  -- records set aside, in rejected_records
    songs_gone bigint,  -- loaded song objects that the bucket no longer held when the run listed it; null: not counted
    page_views_staged bigint,  -- page view records staged; null: the run was one of a former version
    page_views_inserted bigint,  -- page views that were new; null: as before
    page_views_known bigint,  -- page views that were not: page_views_staged - page_views_inserted; null: as before
    texts_cleaned bigint,  -- distinct texts of its batches that were encoded twice or ended in blanks; null: as before
    events_forgotten bigint,  -- event records of forgotten users, left out; null: the run was one of a former version
    plays_change bigint,  -- plays by which the warehouse grew, less those of users forgotten since; null: as before
    matched_change bigint  -- plays by which those matched to a song grew, in the same way; null: as before
    /* keys: , primary key (run_id) */
) /* redshift: diststyle auto sortkey auto */;
