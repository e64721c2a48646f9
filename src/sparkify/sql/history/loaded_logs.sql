-- The logs that are loaded, and with which content: all that a run needs to know that lists no songs.
select
    kind,
    object_key,
    etag
from load_history
where kind = 'events';
