-- A page view with two rows counts twice in every question about pages.
-- Equal keys have equal start times, so only the moments with several page views are looked at.
select
    v.page_view_id,
    count(*) as copies
from page_views as v
inner join (
    select start_time
    from page_views
    where start_time between $first_event and $last_event
    group by start_time
    having count(*) > 1
) as several on several.start_time = v.start_time
where v.start_time between $first_event and $last_event
group by v.page_view_id
having count(*) > 1;
