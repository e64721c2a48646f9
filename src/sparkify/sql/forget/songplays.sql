-- Deletes the plays of the user.
delete from songplays
where user_id = $user_id;
