-- The digests of the forgotten users, with the salt.
select
    salt,
    user_digest
from forgotten_users;
