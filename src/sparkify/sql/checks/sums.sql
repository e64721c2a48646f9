-- An object of which a record was neither staged nor rejected has lost it in silence.
select
    object,
    records_read,
    rows_staged,
    rows_rejected
from load_history
where records_read <> rows_staged + rows_rejected;
