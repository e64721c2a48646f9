-- Deletes the moments at which nobody else began a play, before the plays of the user are deleted.
delete from "time"
where start_time in (
    select start_time
    from songplays
    group by start_time
    having count(*) = count(case when user_id = $user_id then 1 end)
);
