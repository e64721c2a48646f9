-- Every moment at which a play began.
select
    start_time,
    hour,
    day,
    week,
    month,
    year,
    weekday
from "time";
