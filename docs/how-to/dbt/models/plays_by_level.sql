{{ config(materialized='table') }}
select
    level,
    count(*) as plays
from {{ source('sparkify', 'plays') }}
group by level
