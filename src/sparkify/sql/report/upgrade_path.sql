-- How many users see Upgrade, submit it, and then listen as paid?
-- Counts logged-in users by the step that they reached: they saw the page Upgrade, submitted it then or later, and
-- began a play as paid then or later. All of it must lie in the period.
with viewed as (
    select
        user_id,
        min(start_time) as viewed_at
    from page_views
    where
        page = 'Upgrade'
        and user_id is not null
        and start_time >= $from_time and start_time < $to_time
    group by user_id
),

submitted as (
    select
        v.user_id,
        min(s.start_time) as submitted_at
    from viewed as v
    inner join page_views as s on s.user_id = v.user_id and s.start_time >= v.viewed_at
    where
        s.page = 'Submit Upgrade'
        and s.start_time >= $from_time and s.start_time < $to_time
    group by v.user_id
),

played as (
    select s.user_id
    from submitted as s
    inner join songplays as p on p.user_id = s.user_id and p.start_time >= s.submitted_at
    where
        p.level = 'paid'
        and p.start_time >= $from_time and p.start_time < $to_time
    group by s.user_id
),

steps as (
    select
        1 as step,
        'saw Upgrade' as action,
        count(*) as users
    from viewed
    union all
    select
        2,
        'submitted Upgrade',
        count(*)
    from submitted
    union all
    select
        3,
        'played as paid',
        count(*)
    from played
)

select
    step,  -- number of the step, from 1
    action,  -- what a user did in this step
    users,  -- distinct users who did this and all steps before
    cast(users as double precision) / nullif(
        lag(users) over (order by step), 0
    ) as share_of_step_before  -- of the users of the step before, 0 to 1; null: there is none, or nobody reached it
from steps
order by step;
