-- The copies of each page view, delivered and loaded, at the moments in duplicate_times;
-- emptied when a batch is staged.
-- Grain: one row per copy of a page view.
-- Columns: as in page_views.
create table if not exists duplicate_page_views (
    page_view_id varchar(32) not null,
    start_time timestamp not null,
    user_id varchar(256),
    level varchar(256),
    session_id bigint not null,
    item_in_session bigint not null,
    page varchar(256),
    method varchar(256),
    status bigint,
    auth varchar(256),
    location varchar(2048),
    user_agent varchar(8192),
    is_loaded integer not null,  -- 1: the copy in page_views, 0: a delivered one
    is_known integer not null,  -- 1: a copy of this page view is in page_views, 0: none is
    choice bigint not null  -- rank of the copy among those of its page view; 1 is the one to keep
);
