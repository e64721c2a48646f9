-- The users who were forgotten, so that no later delivery brings them back. Their ids are not kept, only digests.
-- Grain: one row per forgotten user.
-- All rows have one salt, which the first of them brought. md5 is the digest that all engines compute alike; the copy
-- for readers has no salt, and so nobody can try ids there.
-- In Redshift AUTO spreads and sorts it: it is small, and read whole.
create table if not exists forgotten_users (
    salt varchar(32) not null,  -- random text of this warehouse, hexadecimal; empty in the copy for readers
    user_digest varchar(32) not null,  -- md5 of the salt and the user's id, hexadecimal
    forgotten_at timestamp not null  -- when the user was forgotten, for the last time (UTC)
    /* keys: , primary key (user_digest) */
) /* redshift: diststyle auto sortkey auto */;
