-- A listener with two rows doubles the plays in every question that joins users.
select
    user_id,
    count(*) as copies
from users
/* batch: where user_id in (select n.user_id from latest_users as n) */
group by user_id
having count(*) > 1;
