-- The loaded song objects that the bucket no longer held when a run listed it last.
select songs_gone
from runs
where songs_gone is not null
order by run_id desc
limit 1;
