-- Finds the users of the batch whose latest event, of any page, was delivered with it.
-- Grain: one row per user_id.
-- Order: the greatest in (start_time, item_in_session, first_name, last_name, gender, level, registered_at), nulls
-- lowest; of equal ones the loaded one, so that a late older log changes nothing.
insert into latest_users (
    user_id, first_name, last_name, gender, level, latest_start_time, latest_item_in_session, registered_at
)
with delivered as (
    select
        user_id,
        max(start_time) as start_time
    from delivered_events
    where user_id is not null
    group by user_id
)

select
    r.user_id,
    r.first_name,
    r.last_name,
    r.gender,
    r.level,
    r.latest_start_time,
    r.latest_item_in_session,
    r.registered_at
from (
    select
        c.user_id,
        c.first_name,
        c.last_name,
        c.gender,
        c.level,
        c.latest_start_time,
        c.latest_item_in_session,
        c.registered_at,
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
                c.registered_at desc nulls last,
                c.is_loaded desc
        ) as choice
    from (
        select
            e.user_id, e.first_name, e.last_name, e.gender, e.level, e.start_time as latest_start_time,
            e.item_in_session as latest_item_in_session, e.registered_at, 0 as is_loaded
        from delivered_events as e
        inner join delivered as d on d.user_id = e.user_id and d.start_time = e.start_time
        union all
        select
            u.user_id, u.first_name, u.last_name, u.gender, u.level, u.latest_start_time,
            u.latest_item_in_session, u.registered_at, 1 as is_loaded
        from users as u
        where u.user_id in (select d.user_id from delivered as d)
    ) as c
) as r
where r.choice = 1 and r.is_loaded = 0;
