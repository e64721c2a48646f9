-- Deletes the events of forgotten users from the batch in hand: first the repaired ones, then those that were staged.
-- The id is digested as delivered_events has it: clean. Each distinct id is digested once.
delete from repaired_events
where user_id in (
    select i.user_id
    from (
        select
            u.user_id,
            md5(s.salt || u.user_id) as user_digest
        from (
            select user_id
            from repaired_events
            group by user_id
        ) as u
        cross join (
            select max(salt) as salt
            from forgotten_users
        ) as s
    ) as i
    inner join forgotten_users as f on f.user_digest = i.user_digest
);

delete from staging_events
where rtrim(user_id, ' ') in (
    select i.delivered
    from (
        select
            u.delivered,
            md5(s.salt || coalesce(r.repaired, u.delivered)) as user_digest
        from (
            select rtrim(user_id, ' ') as delivered
            from staging_events
            group by rtrim(user_id, ' ')
        ) as u
        left join repaired_texts as r on r.column_name = 'user_id' and r.delivered = u.delivered
        cross join (
            select max(salt) as salt
            from forgotten_users
        ) as s
    ) as i
    inner join forgotten_users as f on f.user_digest = i.user_digest
);
