-- How many delivered page views are not inserted, because their key is loaded already or was delivered twice.
select count(*)
from duplicate_page_views
where is_loaded = 0 and (is_known = 1 or choice > 1);
