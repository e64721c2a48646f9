-- Counts the plays again that the last batch counted.
update runs
set
    plays_total = (select count(*) from songplays),
    matched_total = (select count(song_id) from songplays)
where run_id = (select max(run_id) from runs where plays_total is not null);
