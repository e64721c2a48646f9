-- Finds the moments of the events that hold a text of repaired_texts.
-- Grain: one row per start_time.
insert into repaired_times (start_time)
select start_time
from staging_events
where rtrim(artist_name, ' ') in (select r.delivered from repaired_texts as r where r.column_name = 'artist_name')
union
select start_time
from staging_events
where rtrim(auth, ' ') in (select r.delivered from repaired_texts as r where r.column_name = 'auth')
union
select start_time
from staging_events
where rtrim(first_name, ' ') in (select r.delivered from repaired_texts as r where r.column_name = 'first_name')
union
select start_time
from staging_events
where rtrim(gender, ' ') in (select r.delivered from repaired_texts as r where r.column_name = 'gender')
union
select start_time
from staging_events
where rtrim(last_name, ' ') in (select r.delivered from repaired_texts as r where r.column_name = 'last_name')
union
select start_time
from staging_events
where rtrim(level, ' ') in (select r.delivered from repaired_texts as r where r.column_name = 'level')
union
select start_time
from staging_events
where
    rtrim(artist_location, ' ') in (select r.delivered from repaired_texts as r where r.column_name = 'artist_location')
union
select start_time
from staging_events
where rtrim(method, ' ') in (select r.delivered from repaired_texts as r where r.column_name = 'method')
union
select start_time
from staging_events
where rtrim(page, ' ') in (select r.delivered from repaired_texts as r where r.column_name = 'page')
union
select start_time
from staging_events
where rtrim(title, ' ') in (select r.delivered from repaired_texts as r where r.column_name = 'title')
union
select start_time
from staging_events
where rtrim(user_agent, ' ') in (select r.delivered from repaired_texts as r where r.column_name = 'user_agent')
union
select start_time
from staging_events
where rtrim(user_id, ' ') in (select r.delivered from repaired_texts as r where r.column_name = 'user_id');
