"""What the planner takes for granted: keys, ranges of time, and blanks at the end of a text."""

from __future__ import annotations

from redshift_connector.error import ProgrammingError

from probes.place import Place, awaited
from sparkify import checks
from sparkify.engines.redshift.errors import words

PLANTED = {
    "songplays_unique": "insert into songplays select * from songplays where songplay_id = $play",
    "songplays_users": "delete from users where user_id = $user",
}
"""The check that must find each change of the tables."""


def planted_rows(place: Place) -> str:
    """Do the checks find a duplicate and an orphan?"""
    with place.session() as session:
        session.execute("begin")
        [(play, user)] = session.query("select min(songplay_id), min(user_id) from songplays")
        for change in PLANTED.values():
            values = {"play": play, "user": user}
            session.execute(change, {name: value for name, value in values.items() if f"${name}" in change})
        found = [failure.check for failure in checks.failures(session)]
        session.execute("rollback")
    missed = PLANTED.keys() - set(found)
    return f"found by {', '.join(found) or 'no check'}; missed by {', '.join(sorted(missed)) or 'none'}"


def trailing_blanks(place: Place) -> str:
    """Does COPY keep blanks at the end of a text, and do they count when texts are compared and grouped?"""
    url = place.put("blanks.json", ['{"a": "x", "n": 1}', '{"a": "x ", "n": 2}'])
    with place.session_with_table() as session:
        session.run_untranslated(place.copy_statement(session, url), {})
        [(size,)] = session.query("select octet_length(a) from probe where n = 2")
        [(equal,)] = session.query("select count(*) from probe where a = 'x'")
        [(groups,)] = session.query("select count(*) from (select a from probe group by a) as g")
    return f"'x ' has {size} bytes; {equal} of 2 texts equal 'x'; they make {groups} group(s)"


def parts_of_with(place: Place) -> str:
    """Has a subquery in FROM parts of its own, which read the parts of the statement around it?"""
    nested = "with a as (select 1 as n) select n from (with b as (select n + 1 as n from a) select n from b) as c"
    with place.session() as session:
        return f"the answer is {session.query(nested)}"


def scan_by_literals(place: Place) -> str:
    """Does a scan skip blocks by the sort key where the bounds of time are literals?"""
    plays = "select count(*) from songplays where start_time between $first_event and $last_event"
    scans = (
        "select trim(table_name), trim(is_rrscan), input_rows from sys_query_detail"
        " where query_id = $query_id and trim(step_name) = 'scan'"
    )
    with place.session() as session:
        [(moment,)] = session.query("select min(start_time) from songplays")
        session.query(plays, {"first_event": moment, "last_event": moment})
        [(query_id,)] = session.query("select pg_last_query_id()")
        try:
            session.run_untranslated(scans, {"query_id": query_id})
        except ProgrammingError as e:
            return f"sys_query_detail: {words(e)}"
        _, rows = awaited(lambda: session.query(scans, {"query_id": query_id}), 1)
    return f"table, is_rrscan, input_rows: {rows or 'nothing'}"
