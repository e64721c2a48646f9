-- Dimension: the artists of the catalogue.
-- Grain: one row per artist_id.
create table if not exists artists (
    artist_id varchar(256) not null,
    name varchar(65535),  -- the shortest of the names that songs credit
    location varchar(65535),  -- null: unknown
    latitude double precision,  -- degrees
    longitude double precision  -- degrees
    /* redshift: , primary key (artist_id) */
);
