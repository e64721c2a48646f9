-- The widest gaps between the days of the staged events, of a whole day at least: from the last event before to the
-- first one after. What a merge reads leaves them out.
select
    g.last_before,
    g.first_after
from (
    select
        d.first_event as first_after,
        lag(d.last_event) over (order by d.first_event) as last_before
    from (
        select
            min(start_time) as first_event,
            max(start_time) as last_event
        from staging_events
        group by cast(start_time as date)
    ) as d
) as g
where cast(g.first_after as date) - cast(g.last_before as date) > 1
order by cast(g.first_after as date) - cast(g.last_before as date) desc, g.first_after
limit 3;
