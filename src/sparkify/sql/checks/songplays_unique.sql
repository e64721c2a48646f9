-- A play with two rows counts twice, and every number of the team is too high.
-- Equal keys have equal start times, so only the moments with several plays are looked at.
select
    p.songplay_id,
    count(*) as copies
from songplays as p
inner join (
    select start_time
    from songplays
    where start_time between $first_event and $last_event
    group by start_time
    having count(*) > 1
) as several on several.start_time = p.start_time
where p.start_time between $first_event and $last_event
group by p.songplay_id
having count(*) > 1;
