-- The objects that are loaded, and with which content.
select
    object,
    etag
from load_history;
