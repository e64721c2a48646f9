-- A play whose listener is not in users vanishes from every question that joins the two.
select
    p.songplay_id,
    p.user_id
from songplays as p
where
    p.start_time between $first_event and $last_event
    and p.user_id is not null
    and not exists (select 1 from users as u where u.user_id = p.user_id);
