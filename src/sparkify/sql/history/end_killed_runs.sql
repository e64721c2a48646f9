-- Notes that the runs that are still noted as running were killed, for only one runs at a time.
update runs
set status = 'killed'
where status = 'running';
