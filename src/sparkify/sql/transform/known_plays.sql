-- How many delivered plays are not inserted, because their key is loaded already or was delivered twice.
select count(*)
from duplicate_plays
where is_loaded = 0 and (is_known = 1 or choice > 1);
