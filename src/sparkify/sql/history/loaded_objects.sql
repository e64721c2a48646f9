-- The objects that are loaded, and with which content.
select
    kind,
    object_key,
    etag
from load_history;
