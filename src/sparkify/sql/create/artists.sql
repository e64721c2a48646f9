-- Dimension: the artists of the catalogue, each as the most complete of its records describes it.
-- Grain: one row per artist_id.
-- In Redshift its rows are sorted by the key, by which they are joined and replaced; AUTO lays a small table on every
-- node, and spreads one that has grown.
create table if not exists artists (
    artist_id varchar(256) not null,  -- the catalogue's key of the artist
    name varchar(2048),  -- the artist's name, without guests where a record has it so; null: unknown
    location varchar(2048),  -- where the artist is from, as free text; null: unknown
    latitude double precision,  -- latitude of the artist's place in degrees, south is negative; null: unknown
    longitude double precision  -- longitude of the artist's place in degrees, west is negative; null: unknown
    /* keys: , primary key (artist_id) */
) /* redshift: diststyle auto sortkey (artist_id) */;
