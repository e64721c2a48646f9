-- Adds the events at the moments of those that hold a text of repaired_texts, with the repaired texts in place of the
-- delivered ones.
-- Grain: one row per event record.
insert into repaired_events (
    artist_name, auth, first_name, gender, itemInSession, last_name, duration, level, artist_location, method, page,
    registration, session_id, title, status, start_time, user_agent, user_id
)
select
    coalesce(r_artist_name.repaired, rtrim(e.artist_name, ' ')),
    coalesce(r_auth.repaired, rtrim(e.auth, ' ')),
    coalesce(r_first_name.repaired, rtrim(e.first_name, ' ')),
    coalesce(r_gender.repaired, rtrim(e.gender, ' ')),
    e.itemInSession,
    coalesce(r_last_name.repaired, rtrim(e.last_name, ' ')),
    e.duration,
    coalesce(r_level.repaired, rtrim(e.level, ' ')),
    nullif(coalesce(r_artist_location.repaired, rtrim(e.artist_location, ' ')), ''),
    coalesce(r_method.repaired, rtrim(e.method, ' ')),
    nullif(coalesce(r_page.repaired, rtrim(e.page, ' ')), ''),
    e.registration,
    e.session_id,
    coalesce(r_title.repaired, rtrim(e.title, ' ')),
    e.status,
    e.start_time,
    coalesce(r_user_agent.repaired, rtrim(e.user_agent, ' ')),
    nullif(coalesce(r_user_id.repaired, rtrim(e.user_id, ' ')), '')
from staging_events as e
left join repaired_texts as r_artist_name
    on r_artist_name.column_name = 'artist_name' and r_artist_name.delivered = rtrim(e.artist_name, ' ')
left join repaired_texts as r_auth
    on r_auth.column_name = 'auth' and r_auth.delivered = rtrim(e.auth, ' ')
left join repaired_texts as r_first_name
    on r_first_name.column_name = 'first_name' and r_first_name.delivered = rtrim(e.first_name, ' ')
left join repaired_texts as r_gender
    on r_gender.column_name = 'gender' and r_gender.delivered = rtrim(e.gender, ' ')
left join repaired_texts as r_last_name
    on r_last_name.column_name = 'last_name' and r_last_name.delivered = rtrim(e.last_name, ' ')
left join repaired_texts as r_level
    on r_level.column_name = 'level' and r_level.delivered = rtrim(e.level, ' ')
left join repaired_texts as r_artist_location
    on r_artist_location.column_name = 'artist_location' and r_artist_location.delivered = rtrim(e.artist_location, ' ')
left join repaired_texts as r_method
    on r_method.column_name = 'method' and r_method.delivered = rtrim(e.method, ' ')
left join repaired_texts as r_page
    on r_page.column_name = 'page' and r_page.delivered = rtrim(e.page, ' ')
left join repaired_texts as r_title
    on r_title.column_name = 'title' and r_title.delivered = rtrim(e.title, ' ')
left join repaired_texts as r_user_agent
    on r_user_agent.column_name = 'user_agent' and r_user_agent.delivered = rtrim(e.user_agent, ' ')
left join repaired_texts as r_user_id
    on r_user_id.column_name = 'user_id' and r_user_id.delivered = rtrim(e.user_id, ' ')
where e.start_time in (
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
        rtrim(artist_location, ' ') in (
            select r.delivered
            from repaired_texts as r
            where r.column_name = 'artist_location'
        )
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
    where rtrim(user_id, ' ') in (select r.delivered from repaired_texts as r where r.column_name = 'user_id')
);
