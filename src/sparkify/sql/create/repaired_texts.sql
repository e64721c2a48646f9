-- The texts of the batch in hand that were encoded twice or more, and what they mean; emptied when a batch is staged.
-- Grain: one row per column and text.
-- A text is as long as the longest column of staging_events; repairing makes it shorter.
create table if not exists repaired_texts (
    column_name varchar(256) not null,  -- the column of a staging table that holds the text
    delivered varchar(8192) not null,  -- the text as it was delivered, without the blanks at its end
    repaired varchar(8192) not null  -- the text as its author wrote it
);
