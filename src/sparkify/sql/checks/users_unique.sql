-- A listener that stands twice doubles the plays in every question that joins users.
select
    user_id,
    count(*) as copies
from users
group by user_id
having count(*) > 1;
