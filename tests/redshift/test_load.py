"""A load into Redshift, seen from its statements to its rows, on `redshift_stand_in` and ministack."""

from __future__ import annotations

import json
import os
import re
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import shorten
from typing import Any

import pytest
from redshift_connector.error import InterfaceError

from harness.program import outcome_of
from harness.records import encoded_again, event, lines, many_events, song
from harness.redshift import OnRedshift
from harness.states import State
from harness.waiting import wait_for
from sparkify import etl, sql_queries
from sparkify import plan as planning
from sparkify.config import load
from sparkify.engines.redshift import lock, login, parts, work
from sparkify.plan import Batch, Plan
from sparkify.progress import Progress
from sparkify.run import Run

STATEMENTS = Path(__file__).with_name("statements.txt")
"""What a small load sends to Redshift. WRITE_STATEMENTS=1 writes it again."""


# ---------------------------------------------------------------- the statements


def names_of_statements() -> dict[str, str]:
    """The file and the number of each statement of `sql/`, by its text as it arrives, save the numbers of values."""
    names = {}
    for folder in ("history", "transform"):
        for name in sql_queries.names(folder):
            for number, text in enumerate(sql_queries.statements(folder, name), 1):
                names[re.sub(r"\$\w+|timestamp '[^']*'", "$", text)] = f"{folder}/{name}.sql" + (
                    f" ({number})" if number > 1 else ""
                )
    return names


def as_a_line(sql: str, names: Mapping[str, str]) -> str:
    """A statement as the list shows it: those of `sql/` by their file, the others in full."""
    bound = r"(?:cast\(\$\d+ as [^()]+(?:\(\d+\))?\)|timestamp '[^']*')"
    if file := names.get(re.sub(bound, "$", sql)):
        return f"{file:<33}  {shorten(sql, 84, placeholder=' …')}"
    sql = re.sub(r"[0-9a-f]{32}", "RUN", " ".join(sql.split()))
    sql = re.sub(rf"'{datetime.now(UTC):%Y}-[^']*'", "'NOW'", sql)
    return re.sub(r"bucket-\d+", "BUCKET", sql)


def test_a_small_load_sends_these_statements(warehouse: OnRedshift) -> None:
    warehouse.stand_in.forget()
    warehouse.loaded()
    names = names_of_statements()
    shown = [as_a_line(sql, names) for sql in warehouse.stand_in.statements()]
    text = "\n".join(f"\n{line}" if line == "begin" else line for line in shown) + "\n"
    if os.environ.get("WRITE_STATEMENTS"):
        STATEMENTS.write_text(text, encoding="utf-8")
    assert text == STATEMENTS.read_text(encoding="utf-8"), f"WRITE_STATEMENTS=1 writes {STATEMENTS.name} again"
    assert len(text.splitlines()) < 100, "this is no page"


def test_a_run_with_nothing_new_asks_what_is_loaded_and_writes_nothing(warehouse: OnRedshift) -> None:
    warehouse.loaded()
    warehouse.stand_in.forget()
    assert warehouse.loaded().out.startswith("nothing new: all 2 objects are loaded")
    asked = warehouse.stand_in.statements()
    assert len(asked) <= 3
    assert not [sql for sql in asked if "songplays" in sql or not sql.lstrip().startswith(("select", "with"))]


def test_a_run_with_nothing_new_is_recorded_where_it_ends_a_failure(warehouse: OnRedshift) -> None:
    warehouse.loaded()
    warehouse.change("update runs set status = 'failed', error = 'x'")
    warehouse.loaded()
    warehouse.loaded()
    assert warehouse.query("select run_id, status from runs order by run_id") == [(1, "failed"), (2, "done")]


def test_a_question_does_not_ask_what_only_a_load_needs(warehouse: OnRedshift) -> None:
    warehouse.loaded()
    warehouse.stand_in.forget()
    assert warehouse.command("query", "select count(*) from songs").exit_code == 0
    assert not [sql for sql in warehouse.stand_in.statements() if "plays_change" in sql]


def test_create_tables_again_writes_no_comment_that_is_there(warehouse: OnRedshift) -> None:
    warehouse.stand_in.forget()
    warehouse.created()
    assert len(warehouse.stand_in.statements()) <= 40


def of_a_load(warehouse: OnRedshift) -> tuple[int, int]:
    """How many statements a load of one batch sends, and how many of them in the transaction of the batch."""
    warehouse.stand_in.forget()
    warehouse.loaded()
    sent = warehouse.stand_in.statements()
    begin = len(sent) - sent[::-1].index("begin") - 1
    return len(sent), sent.index("commit", begin) + 1 - begin


def test_a_batch_takes_few_statements(warehouse: OnRedshift) -> None:
    statements, in_transaction = of_a_load(warehouse)
    assert (statements <= 40, in_transaction <= 24) == (True, True)


def test_a_batch_that_replaces_all_that_is_loaded_takes_some_more(warehouse: OnRedshift) -> None:
    warehouse.loaded()
    warehouse.put("log_data/2018/11/a.json", lines([event(), event(ts=2, level="paid"), event(ts=3, page="Home")]))
    warehouse.put("log_data/b.json", lines([event(level="paid"), event(ts=2), event(ts=3, page="Home")]))
    warehouse.put("song_data/A/a.json", lines([song(artist_name="Another"), song(title=encoded_again("ä"))]))
    statements, in_transaction = of_a_load(warehouse)
    assert (statements <= 55, in_transaction <= 34) == (True, True)


# ---------------------------------------------------------------- two runs at once


def one_run(warehouse: OnRedshift) -> State:
    """What one undisturbed run over the bucket makes; the warehouse itself is as before."""
    mine = warehouse.database_name
    with warehouse.stand_in.fresh_database(warehouse.servers.with_tables) as another:
        warehouse.database_name = another
        warehouse.configure()
        warehouse.loaded()
        state = warehouse.state()
    warehouse.database_name = mine
    return state


@contextmanager
def held(warehouse: OnRedshift, *tables: str) -> Iterator[Any]:
    """A session that holds some tables meanwhile, or until it is closed."""
    session = warehouse.stand_in.connect(warehouse.database_name)
    session.cursor().execute(f"lock table {', '.join(tables)}")
    try:
        yield session
    finally:
        with suppress(InterfaceError):
            session.close()


def test_two_runs_at_once_make_the_warehouse_of_one(warehouse: OnRedshift) -> None:
    warehouse.configure(BATCH_SIZE=300, LOCK_TIMEOUT=30)
    both = [warehouse.started("etl", "--json") for _ in range(2)]
    outcomes = [outcome_of(process) for process in both]
    assert [outcome.exit_code for outcome in outcomes] == [0, 0], outcomes
    assert sum(json.loads(outcome.out)["objects"]["new"] for outcome in outcomes) == 2
    warehouse.assert_runs_tell_the_plays()
    assert warehouse.state() == one_run(warehouse)


def test_the_runs_tell_the_plays_where_the_older_one_commits_last(
    warehouse: OnRedshift, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse.put("song_data/A/b.json", lines([song(song_id="SO2", title="New")]))
    warehouse.put("log_data/b.json", lines([event(ts=2, song="New", itemInSession=3)]))
    warehouse.configure(BATCH_SIZE=1)
    committed = Run.committed

    def with_another_run(run: Run, batch: Batch) -> None:
        committed(run, batch)
        monkeypatch.setattr(Run, "committed", committed)
        etl.run(load(warehouse.config, warehouse.environment), Progress())

    monkeypatch.setattr(Run, "committed", with_another_run)
    warehouse.loaded()
    assert len(warehouse.query("select run_id from runs")) == 2
    warehouse.assert_runs_tell_the_plays()
    totals = json.loads(warehouse.etl("--json").out)["totals"]
    assert [(totals["plays"], totals["matched"])] == warehouse.query("select count(*), count(song_id) from songplays")


@pytest.mark.parametrize("is_dropped", [True, False], ids=["dropped", "newer"])
def test_a_run_whose_tables_become_others_between_two_batches_ends_and_changes_nothing_of_them(
    is_dropped: bool, warehouse: OnRedshift, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse.configure(BATCH_SIZE=1)
    committed = Run.committed

    def then_changed(run: Run, batch: Batch) -> None:
        committed(run, batch)
        if is_dropped:
            assert warehouse.command("create-tables", "--drop", "--yes").exit_code == 0
        else:
            warehouse.change("update warehouse set version = 99")
        before.append(warehouse.content(with_runs=True)["songplays"])

    before: list[list[str]] = []
    monkeypatch.setattr(Run, "committed", then_changed)
    outcome = warehouse.etl()
    assert outcome.exit_code == 1
    assert "its tables were dropped, or brought up by a newer program, while this run was loading" in outcome.error
    assert outcome.batches_said_to_stay == {0 if is_dropped else 1}
    assert [warehouse.content(with_runs=True)["songplays"]] == before
    if is_dropped:
        monkeypatch.setattr(Run, "committed", committed)
        warehouse.loaded()
        warehouse.assert_runs_tell_the_plays()


def test_a_run_whose_plan_another_has_loaded_meanwhile_loads_nothing_twice(
    warehouse: OnRedshift, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse.configure(BATCH_SIZE=300)
    make = planning.make

    def planned(*arguments: Any, **options: Any) -> Plan:
        plan = make(*arguments, **options)
        monkeypatch.setattr(planning, "make", make)
        etl.run(load(warehouse.config, warehouse.environment), Progress())
        assert warehouse.batches() == 2
        return plan

    monkeypatch.setattr(planning, "make", planned)
    outcome = warehouse.etl("--json")
    assert outcome.exit_code == 0, outcome.err
    assert json.loads(outcome.out)["objects"] == {"new": 0, "loaded_before": 0, "ignored": 0}
    assert warehouse.state() == one_run(warehouse)


def test_a_second_run_waits_for_the_first_and_says_so(warehouse: OnRedshift) -> None:
    with held(warehouse, "load_lock") as first:
        second = warehouse.started("etl")
        assert second.stderr
        message = next((line for line in second.stderr if "another run" in line), "nothing")
        assert message.endswith("another run is loading; waiting up to 60 seconds\n")
        first.close()
        assert outcome_of(second).exit_code == 0
    assert warehouse.state() == one_run(warehouse)


@pytest.mark.parametrize(("timeout", "most"), [(0, 1), (1, 3), (2, 4)])
def test_a_second_run_is_told_when_it_has_waited_long_enough(timeout: int, most: int, warehouse: OnRedshift) -> None:
    warehouse.configure(LOCK_TIMEOUT=timeout)
    before = warehouse.state()
    with held(warehouse, "load_lock"):
        began = time.monotonic()
        outcome = warehouse.etl()
        assert timeout <= time.monotonic() - began < most + 1
    outcome.refusal(3, f"another run has been loading for over {timeout} seconds", "[ETL] LOCK_TIMEOUT")
    assert warehouse.state() == before
    warehouse.loaded()


def test_who_holds_the_lock_is_told_and_since_when(warehouse: OnRedshift) -> None:
    warehouse.configure(LOCK_TIMEOUT=1)
    with held(warehouse, "load_lock") as session:
        [(process,)] = session.cursor().execute("select pg_backend_pid()").fetchall()
        outcome = warehouse.etl()
    holder = f"; the lock is held by awsuser (process {process}) since {datetime.now(UTC).year}-"
    outcome.refusal(3, holder, " UTC; wait for its end")


def test_the_timeout_of_the_user_bounds_no_wait_for_the_lock(warehouse: OnRedshift) -> None:
    warehouse.configure(LOCK_TIMEOUT=2)
    warehouse.change(f"alter role awsuser in database {warehouse.database_name} set statement_timeout = '900ms'")
    with held(warehouse, "load_lock"):
        began = time.monotonic()
        outcome = warehouse.etl()
        assert time.monotonic() - began >= 2
    outcome.refusal(3, "another run has been loading for over 2 seconds")
    warehouse.loaded()


def test_a_lock_that_is_granted_while_its_wait_is_being_ended_is_kept(
    warehouse: OnRedshift, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse.configure(LOCK_TIMEOUT=1)
    connect = login.connect
    with held(warehouse, "load_lock") as other:

        def late(*arguments: Any, **options: Any) -> Any:
            if options:  # the second session, which ends the wait
                other.close()
                time.sleep(1)
            return connect(*arguments, **options)

        monkeypatch.setattr(login, "connect", late)
        warehouse.loaded()


def test_a_wait_for_the_lock_ends_though_the_first_attempt_to_end_it_fails(
    warehouse: OnRedshift, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse.configure(LOCK_TIMEOUT=1)
    monkeypatch.setattr(lock, "CANCEL_EVERY", 0.2)
    connect, failures = login.connect, [OSError("too many connections")]

    def failing_once(*arguments: Any, **options: Any) -> Any:
        if options and failures:
            raise failures.pop()
        return connect(*arguments, **options)

    monkeypatch.setattr(login, "connect", failing_once)
    with held(warehouse, "load_lock"):
        outcome = warehouse.etl()
    outcome.refusal(3, "another run has been loading for over 1 seconds")
    assert "no second session can be opened to end the wait (too many connections)" in outcome.err


def test_a_load_that_is_interrupted_ends_its_statement_on_the_server(warehouse: OnRedshift) -> None:
    with held(warehouse, "catalogue") as holder, warehouse.stand_in.postgres(warehouse.database_name) as server:
        [(own,)] = holder.cursor().execute("select pg_backend_pid()").fetchall()
        others = (
            "select 1 from pg_stat_activity where usename = 'awsuser' and datname = current_database() "
            f"and wait_event_type = 'Lock' and pid <> {own}"
        )
        load = warehouse.started("etl")
        wait_for(lambda: bool(server.query(others)))
        load.send_signal(signal.SIGINT)
        assert outcome_of(load).exit_code == 130
        wait_for(lambda: not server.query(others))
    warehouse.loaded()
    assert warehouse.state() == one_run(warehouse)


# ---------------------------------------------------------------- without WORK


def test_a_load_without_work_warns_once_of_what_it_copies(warehouse: OnRedshift) -> None:
    warehouse.configure(BATCH_SIZE=300)
    songs, logs = (f"{warehouse.store}/{kind}_data/" for kind in ("song", "log"))
    warehouse.use(work="", user="reader")
    [warning] = [line for line in warehouse.loaded().err.splitlines() if "WORK" in line]
    assert warning.startswith(f"warning: [S3] WORK is not set: Redshift copies all of {songs} and {logs} whenever one ")
    assert "WORK is not set" not in warehouse.loaded().err
    warehouse.put("log_data/2018/11/c.json", lines([event(ts=2)]))
    assert f"copies all of {logs} whenever" in warehouse.loaded("--quiet").err


def test_a_load_with_work_does_not_warn_of_it(warehouse: OnRedshift) -> None:
    assert "WORK" not in warehouse.loaded().err


# ---------------------------------------------------------------- what lies in WORK

OTHERS = {"work/notes.txt", "work/sparkify-report.json", "work/sparkify/a.json", "worklog/sparkify-copy/a.json"}


def test_what_a_run_put_into_work_is_gone_after_it_and_nothing_else(
    warehouse: OnRedshift, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(work, "LEFT_OVER", timedelta(0))
    monkeypatch.setattr(
        "sparkify.engines.redshift.engine.INSERTED_ROWS", 1
    )  # so that the load history goes through a file, too
    warehouse.put("log_data/b.json", lines([event(ts=2)]))
    for key in OTHERS:
        warehouse.put(key, "theirs")
    written: list[str] = []
    write = work.Work.write

    def noted(self: work.Work, name: str, content: bytes) -> str:
        written.append(name)
        return write(self, name, content)

    monkeypatch.setattr(work.Work, "write", noted)
    warehouse.loaded()
    assert {"songs.json.zst", "events.json.zst", "manifest", "rows.json.zst"} == set(written)
    assert warehouse.keys("work") == OTHERS


def test_a_run_that_fails_leaves_nothing_in_work_either(warehouse: OnRedshift) -> None:
    warehouse.put("log_data/bad.json", lines([event(ts="never")]))
    assert warehouse.etl().exit_code == 1
    assert not warehouse.keys("work")


def test_what_a_killed_run_left_in_work_is_swept_when_it_is_old(
    warehouse: OnRedshift, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse.stand_in.forget()
    with held(warehouse, "catalogue"):
        killed = warehouse.started("etl")
        wait_for(lambda: any("'plays in extent'" in sql for sql in warehouse.stand_in.statements()))
        killed.kill()
        killed.communicate()
    left = warehouse.keys("work")
    assert left

    warehouse.loaded()
    assert warehouse.keys("work") == left, "it may be of a run that goes on"
    monkeypatch.setattr(work, "LEFT_OVER", timedelta(0))
    warehouse.put("log_data/b.json", lines([event(ts=2)]))
    warehouse.loaded()
    assert not warehouse.keys("work")


def test_a_client_that_may_not_delete_from_work_is_warned_and_loads(warehouse: OnRedshift) -> None:
    warehouse.use(user="writer")
    warehouse.configure(BATCH_SIZE=300)
    outcome = warehouse.etl()
    assert outcome.exit_code == 0, outcome.err
    work = f"warning: {warehouse.store}/work: access denied"
    warnings = [line for line in outcome.err.splitlines() if line.startswith(work)]
    assert len(warnings) == 2
    assert warnings[0].endswith("the load goes on, and what was put into [S3] WORK stays there")
    warehouse.use(user="worker")
    assert warehouse.state() == one_run(warehouse)


# ---------------------------------------------------------------- bad records

GOOD = event(ts=5)
NOT_JSON = '{"ts": 5,'
BAD = [
    json.dumps(event(ts=6, sessionId="abc")),
    json.dumps(event(ts=7, length="long")),
    NOT_JSON,
    json.dumps({key: value for key, value in event().items() if key != "ts"}),
]
REASONS = [
    (1, "session_id", "is no whole number of 64 bits"),
    (2, "duration", "is no number"),
    (3, None, "is not JSON"),
    (4, "start_time", "is missing"),
]


def assert_rejected(warehouse: OnRedshift, key: str, first: int) -> None:
    """The bad records of an object are reported in the program's own words on both engines, from a line on."""
    rows = [row for row in warehouse.rejected() if row[0] == key]
    assert len(rows) == len(BAD)
    for (_, line, column, reason, raw), text, (n, expected_column, expected) in zip(rows, BAD, REASONS, strict=True):
        assert (line, column, raw) == (first + n - 1, expected_column, text)
        assert (reason or "").startswith(expected)
        assert "COPY says: " in (reason or "") or column is None


def delivered_badly(warehouse: OnRedshift, key: str, good: Sequence[str]) -> None:
    """A log that ends in four bad records."""
    warehouse.put(key, "\n".join([*good, *BAD]) + "\n")


@pytest.mark.parametrize("key", ["log_data/b.json", "log_data/b.json.gz", "log_data/b.json.zst"])
@pytest.mark.parametrize("is_in_place", [False, True], ids=["joined", "copied where it lies"])
def test_bad_records_are_set_aside_up_to_the_limit(
    key: str, is_in_place: bool, warehouse: OnRedshift, monkeypatch: pytest.MonkeyPatch
) -> None:
    if is_in_place:
        monkeypatch.setattr(parts, "LARGE", 400)
    delivered_badly(warehouse, key, [json.dumps(event(ts=100 + n)) for n in range(10)])
    warehouse.configure(MAX_ERRORS=3)
    outcome = warehouse.etl()
    assert outcome.exit_code == 1
    assert "4 bad records, and [ETL] MAX_ERRORS allows 3" in outcome.err
    assert f"{warehouse.store}/{key}, line 11, column session_id: is no whole number" in outcome.err
    assert outcome.err.endswith("nothing was changed\n")
    assert warehouse.history() == {}
    assert warehouse.rejected() == []

    warehouse.configure(MAX_ERRORS=4)
    assert "4 records (`sparkify rejected` shows them)" in warehouse.loaded().out
    assert_rejected(warehouse, key, 11)
    assert warehouse.history() == {
        key: (14, 10, 4),
        "log_data/2018/11/a.json": (3, 3, 0),
        "song_data/A/a.json": (1, 1, 0),
    }
    assert warehouse.query("select count(*) from songplays") == [(12,)]
    assert warehouse.command("check").exit_code == 0


def test_bad_records_of_a_large_log_are_set_aside(warehouse: OnRedshift) -> None:
    good = many_events(parts.LARGE)
    delivered_badly(warehouse, "log_data/large.json", good)
    warehouse.put("log_data/other.json", "\n".join(many_events(parts.LARGE, userId="16")))
    warehouse.stand_in.forget()
    warehouse.configure(MAX_ERRORS=4)
    warehouse.loaded()
    assert_rejected(warehouse, "log_data/large.json", len(good) + 1)
    sums = warehouse.history()
    assert sums["log_data/large.json"] == (len(good) + 4, len(good), 4)
    assert sums["log_data/other.json"] == (len(good), len(good), 0)

    warehouse.configure(MAX_ERRORS=3)
    warehouse.put("log_data/large.json", "\n".join([*good, *BAD, "{}"]))
    before = warehouse.state()
    outcome = warehouse.etl()
    assert outcome.exit_code == 1
    assert "bad records, and [ETL] MAX_ERRORS allows 3" in outcome.err
    assert warehouse.state() == before


def test_bad_records_of_objects_whose_addresses_are_cut_off_are_set_aside(
    warehouse: OnRedshift, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Redshift reports 256 bytes of an address: some logs are known by these, others are not."""
    monkeypatch.setattr(parts, "LARGE", 400)
    good = [json.dumps(event(ts=100 + n)) for n in range(10)]
    folder = "log_data/" + "ä" * 130
    for name in ("a.json", "b.json"):
        delivered_badly(warehouse, f"{folder}/{name}", good)
    delivered_badly(warehouse, f"log_data/{'b' * 250} .json", good)
    warehouse.configure(MAX_ERRORS=12)
    warehouse.loaded()
    for key in (f"{folder}/a.json", f"{folder}/b.json", f"log_data/{'b' * 250} .json"):
        assert_rejected(warehouse, key, 11)
        assert warehouse.history()[key] == (14, 10, 4)


def test_a_work_prefix_that_is_too_long_is_told(warehouse: OnRedshift) -> None:
    warehouse.use(work=f"work/{'w' * 220}")
    warehouse.refused(2, "[S3] WORK: Redshift reports the first 256 bytes", "name a prefix that is")


def test_bad_records_of_a_prefix_are_set_aside_with_their_objects(warehouse: OnRedshift) -> None:
    warehouse.use(work="")
    warehouse.configure(MAX_ERRORS=3)
    delivered_badly(warehouse, "log_data/b.json", [json.dumps(GOOD)])
    outcome = warehouse.etl()
    assert outcome.exit_code == 1
    assert "4 bad records, and [ETL] MAX_ERRORS allows 3" in outcome.err
    assert "log_data/b.json (COPY says: " in outcome.err
    assert warehouse.history() == {}

    warehouse.configure(MAX_ERRORS=4)
    warehouse.loaded()
    assert warehouse.history() == {"log_data/": (8, 4, 4), "song_data/": (1, 1, 0)}
    for (key, line, column, reason, raw), text, (n, expected_column, expected) in zip(
        warehouse.rejected(), BAD, REASONS, strict=True
    ):
        assert (key, line, column, raw) == ("log_data/", 1 + n, expected_column, text)
        assert (reason or "").startswith(f"{expected} in {warehouse.store}/log_data/b.json")


def test_bad_records_count_over_the_batches_of_a_run(warehouse: OnRedshift) -> None:
    warehouse.put("song_data/bad.json", lines([song(song_id="SO2", year="later")]))
    delivered_badly(warehouse, "log_data/b.json", [json.dumps(GOOD)])
    warehouse.configure(BATCH_SIZE=300, MAX_ERRORS=4)
    outcome = warehouse.etl()
    assert outcome.exit_code == 1
    assert "5 bad records, and [ETL] MAX_ERRORS allows 4" in outcome.err
    assert "what this run committed stays loaded (batches: 3)" in outcome.err
    warehouse.configure(BATCH_SIZE=300, MAX_ERRORS=5)
    warehouse.loaded()
    assert warehouse.command("check").exit_code == 0
    assert all(read == staged + rejected for read, staged, rejected in warehouse.history().values())
