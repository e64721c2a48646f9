-- Finds the users of the batch whose latest event, of any page, was delivered with it.
-- Grain: one row per user_id.
-- Order: the greatest in (start_time, itemInSession, first_name, last_name, gender, level), nulls lowest;
-- of equal ones the loaded one, so that a late older log changes nothing.
insert into latest_users (
    user_id, first_name, last_name, gender, level, latest_start_time, latest_item_in_session
)
select
    r.user_id,
    r.first_name,
    r.last_name,
    r.gender,
    r.level,
    r.latest_start_time,
    r.latest_item_in_session
from (
    select
        c.user_id,
        c.first_name,
        c.last_name,
        c.gender,
        c.level,
        c.latest_start_time,
        c.latest_item_in_session,
        c.is_loaded,
        row_number() over (
            partition by c.user_id
            order by
                c.latest_start_time desc,
                c.latest_item_in_session desc,
                c.first_name desc nulls last,
                c.last_name desc nulls last,
                c.gender desc nulls last,
                c.level desc nulls last,
                c.is_loaded desc
        ) as choice
    from (
        select
            e.user_id, e.first_name, e.last_name, e.gender, e.level, e.start_time as latest_start_time,
            e.itemInSession as latest_item_in_session, 0 as is_loaded
        from staging_events as e
        inner join (
            select
                user_id,
                max(start_time) as start_time
            from staging_events
            where user_id is not null
            group by user_id
        ) as latest on latest.user_id = e.user_id and latest.start_time = e.start_time
        union all
        select
            u.user_id, u.first_name, u.last_name, u.gender, u.level, u.latest_start_time,
            u.latest_item_in_session, 1 as is_loaded
        from users as u
        where u.user_id in (select e.user_id from staging_events as e)
    ) as c
) as r
where r.choice = 1 and r.is_loaded = 0;
