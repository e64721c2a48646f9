-- What share of all plays do the biggest listeners have?
-- Ranks logged-in users by their plays, and adds up: the share in the tenth row is that of the ten biggest listeners.
-- Shares are of all plays, logged-out ones too.
with plays_by_user as (
    select
        user_id,
        count(*) as plays
    from songplays
    where
        start_time >= $from_time and start_time < $to_time
        and $level in ('all', level)
    group by user_id
),

shares as (
    select
        user_id,
        plays,
        cast(sum(plays) over () as double precision) as all_plays
    from plays_by_user
)

select
    row_number() over (order by plays desc nulls last, user_id asc) as rank,  -- number in the ranking, from 1
    user_id,  -- who listened, in users
    plays,  -- plays of this user
    plays / all_plays as plays_share,  -- plays of this user, of all plays, 0 to 1
    sum(plays) over (
        order by plays desc nulls last, user_id asc
        rows unbounded preceding
    ) / all_plays as share_so_far  -- plays of this user and those before, of all plays, 0 to 1
from shares
where user_id is not null
order by rank
limit $most;
