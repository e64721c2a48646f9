-- Takes the digest of the user out, if the user was forgotten before.
delete from forgotten_users
where user_digest = md5(salt || cast($user_id as varchar(65535)));
