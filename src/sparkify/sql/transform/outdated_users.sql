-- Takes the users whose latest event was delivered with the batch out of the dimension: they are inserted again.
delete from users
using latest_users as n
where users.user_id = n.user_id;
