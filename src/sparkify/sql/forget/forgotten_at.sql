-- How many users were forgotten at a moment: whether the command that began then was committed.
select count(*)
from forgotten_users
where forgotten_at = $now;
