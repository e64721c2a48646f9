-- Version 5: users can be forgotten. What older runs loaded holds no user who was.
create table forgotten_users (
    salt varchar(32) not null,
    user_digest varchar(32) not null,
    forgotten_at timestamp not null
    /* redshift: , primary key (user_digest) */
);

alter table runs add column events_forgotten bigint;
