-- Deletes the user, with the names.
delete from users
where user_id = $user_id;
