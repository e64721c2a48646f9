-- Adds the digest of the user, with the salt that the others have; the first brings one.
insert into forgotten_users (salt, user_digest, forgotten_at)
select
    s.salt,
    md5(s.salt || cast($user_id as varchar(65535))),
    $now
from (
    select coalesce(max(salt), $new_salt) as salt
    from forgotten_users
) as s;
