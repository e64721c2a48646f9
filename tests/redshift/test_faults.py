"""A load into Redshift while something goes wrong: what the program says, what stays, and that the next run ends right.

On `redshift_stand_in` and ministack.
"""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from redshift_connector.core import Connection

from harness.program import Outcome
from harness.records import event, lines, many_events
from harness.redshift import OnRedshift
from harness.waiting import wait_for
from redshift_stand_in.ports import free_port
from sparkify import listing, sql_queries
from sparkify.engines import engine
from sparkify.engines.redshift import work
from sparkify.engines.redshift.engine import Redshift
from sparkify.engines.redshift.parts import LARGE

CONFLICT: dict[str, Any] = {
    "sqlstate": "XX000",
    "message": "1023",
    "detail": "Serializable isolation violation on table - 1, transactions forming the cycle are: 2, 3 (pid:4)",
}


@pytest.fixture
def warehouse(warehouse: OnRedshift) -> OnRedshift:
    """The same, which is loaded in two batches."""
    warehouse.configure(BATCH_SIZE=300, LOCK_TIMEOUT=10)
    return warehouse


class Undisturbed:
    """What a load to which nothing happens sends and makes; the warehouse is empty again then."""

    def __init__(self, warehouse: OnRedshift) -> None:
        self.warehouse = warehouse
        warehouse.stand_in.forget()
        warehouse.loaded()
        self.statements = warehouse.stand_in.statements()
        self.state = warehouse.state()
        assert warehouse.batches() == 2
        self.recovered: list[object] = []
        """What was left behind, and found to recover right."""
        self.start_afresh()

    def start_afresh(self) -> None:
        """Empty the tables."""
        self.warehouse.stand_in.disarm()
        tables = [table for table in sql_queries.LASTING_TABLES if table != "warehouse"]
        self.warehouse.change(*(f'delete from "{table}"' for table in tables))

    def assert_next_run_ends_right(self) -> None:
        """Load what is left to load; but not where the same rows, runs and files were left behind before."""
        self.warehouse.stand_in.disarm()
        [runs] = self.warehouse.behind(["select status from runs order by run_id"])
        left = self.warehouse.state(), runs, len(self.warehouse.keys("work/"))
        if left not in self.recovered:
            self.warehouse.loaded()
            assert self.warehouse.state() == self.state
            self.recovered.append(left)


@pytest.fixture
def undisturbed(warehouse: OnRedshift) -> Undisturbed:
    return Undisturbed(warehouse)


# ---------------------------------------------------------------- a connection that is lost

LOGIN = 1
"""The statements with which a session begins."""

CHANGING = ("begin", "copy", "commit", "create", "insert", "delete", "update")


@pytest.mark.parametrize("part", [0, 1, 2])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_connection_lost_at_any_statement_is_told_with_what_stays(
    when: Any, part: int, undisturbed: Undisturbed
) -> None:
    """Before every statement, and after each that changes something: after any other all is as before the next."""
    warehouse, statements = undisturbed.warehouse, undisturbed.statements
    steps = [n for n, sql in enumerate(statements, 1) if when == "before" or sql.startswith(CHANGING)]
    assert len(steps) >= 40
    for nth in steps[part::3]:
        undisturbed.start_afresh()
        warehouse.stand_in.arm("drop", nth, when)
        outcome = warehouse.etl()
        what_came = f"{when} statement {nth}, {statements[nth - 1]}:\n{outcome.err}"
        if nth <= LOGIN:
            assert "cannot log in" in outcome.refusal(3), what_came
        else:
            assert outcome.exit_code == 1, what_came
            assert "the connection was lost; run again" in outcome.error, what_came
            assert outcome.batches_said_to_stay == {warehouse.batches()}, what_came
        undisturbed.assert_next_run_ends_right()


@pytest.mark.parametrize(
    ("batch", "answered"),
    [(1, True), (1, False), (2, False)],
    ids=["dropped at the next statement", "not answered", "the last one is not answered"],
)
def test_a_commit_that_took_place_is_known_of(batch: int, answered: bool, undisturbed: Undisturbed) -> None:
    warehouse = undisturbed.warehouse
    at = [n for n, sql in enumerate(undisturbed.statements, 1) if sql == "commit"][batch]
    if answered:
        warehouse.stand_in.arm("drop", at + 1)
    else:
        warehouse.stand_in.arm("drop", at, "after")
    outcome = warehouse.etl()
    assert outcome.exit_code == 1
    assert outcome.batches_said_to_stay == {batch}
    undisturbed.assert_next_run_ends_right()


def test_a_commit_that_is_still_going_on_is_waited_for(undisturbed: Undisturbed) -> None:
    """The session whose connection was lost holds the lock until it has committed: the next one asks after that."""
    warehouse = undisturbed.warehouse
    asked: list[str] = []

    class Slow(Redshift):
        def lock(self) -> None:
            asked.append("lock")
            super().lock()

        def query(self, sql: str, values: Any = None) -> Any:
            asked.append("batches" if sql.startswith("select batches") else "")
            return super().query(sql, values)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sparkify.engines.redshift.engine.Redshift", Slow)
        warehouse.stand_in.arm("drop", 2, "after", matching="^commit")
        assert warehouse.etl().batches_said_to_stay == {1}
    asked = [what for what in asked if what]
    assert asked.index("batches") > 2
    assert asked[asked.index("batches") - 1] == "lock"


def test_a_rollback_that_fails_leaves_nothing_behind_for_what_comes_next(undisturbed: Undisturbed) -> None:
    warehouse = undisturbed.warehouse
    warehouse.put_as_it_is("log_data/bad.json.gz", b"this is not packed")
    warehouse.stand_in.arm("error", matching="^rollback", sqlstate="XX000", message="out of luck", times=9)
    outcome = warehouse.etl()
    assert outcome.exit_code == 1
    assert "MAX_ERRORS" in outcome.err
    assert outcome.batches_said_to_stay == {warehouse.batches()}
    assert warehouse.query("select status from runs") == [("failed",)]
    warehouse.remove("log_data/bad.json.gz")
    undisturbed.assert_next_run_ends_right()


# ---------------------------------------------------------------- a server, or a client, that is killed


@pytest.mark.parametrize(
    ("matching", "nth", "stay"),
    [
        ("^copy staging_songs", 1, {0}),
        ("^copy staging_events", 1, {1}),
        ("^commit", 1, {0}),
        ("^commit", 2, {0, 1}),
        ("^commit", 3, {1, 2}),
    ],
)
def test_a_server_killed_in_the_middle_of_a_copy_or_a_commit_loses_no_batch(
    matching: str, nth: int, stay: set[int], undisturbed: Undisturbed
) -> None:
    warehouse = undisturbed.warehouse
    warehouse.stand_in.arm("kill", nth, "during", matching=matching)
    outcome = warehouse.etl()
    wait_for(lambda: not warehouse.stand_in.is_running())
    warehouse.stand_in.restart()
    assert outcome.exit_code == 1
    assert "the connection was lost; run again" in outcome.error
    assert outcome.batches_said_to_stay == stay
    with warehouse.stand_in.postgres() as server:
        wait_for(lambda: not server.query("select from pg_stat_activity where usename = 'awsuser'"))
    assert warehouse.batches() in stay
    undisturbed.assert_next_run_ends_right()


@pytest.mark.parametrize("seed", range(4))
def test_a_client_killed_at_any_moment_leaves_whole_batches(seed: int, undisturbed: Undisturbed) -> None:
    warehouse = undisturbed.warehouse
    warehouse.stand_in.forget()
    at = random.Random(seed).randint(1, len(undisturbed.statements) - 1)
    client = warehouse.started("etl")
    wait_for(lambda: len(warehouse.stand_in.statements()) >= at)
    client.kill()
    client.communicate()
    undisturbed.assert_next_run_ends_right()
    assert warehouse.query("select count(*) from runs where status = 'running'") == [(0,)]


def interrupted(warehouse: OnRedshift, nth: int) -> Outcome:
    """A load that Ctrl-C meets while it waits for the answer to its n-th statement."""
    sent = 0
    send, receive = Connection.send_EXECUTE, Connection.handle_messages

    def sending(self: Connection, cursor: Any) -> None:
        nonlocal sent
        sent += 1
        send(self, cursor)
        if sent == nth:
            patch.setattr(Connection, "handle_messages", interrupting)

    def interrupting(self: Connection, cursor: Any) -> None:
        patch.setattr(Connection, "handle_messages", receive)
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Connection, "send_EXECUTE", sending)
        return warehouse.etl()


@pytest.mark.parametrize("part", [0, 1])
def test_ctrl_c_within_a_statement_ends_a_load_with_nothing_half_done(part: int, undisturbed: Undisturbed) -> None:
    warehouse, statements = undisturbed.warehouse, undisturbed.statements
    commits = [n for n, sql in enumerate(statements, 1) if sql == "commit"]
    for nth in [*range(5, len(statements) + 1, 20), *commits][part::2]:
        undisturbed.start_afresh()
        outcome = interrupted(warehouse, nth)
        what_came = f"statement {nth}, {statements[nth - 1]}:\n{outcome.err}"
        assert outcome.exit_code == 130, what_came
        assert outcome.error == "error: interrupted"
        assert outcome.batches_said_to_stay == {warehouse.batches()}, what_came
        undisturbed.assert_next_run_ends_right()


# ---------------------------------------------------------------- another transaction that comes between


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "CONFLICT_WAITS", (0.001, 0.002, 0.003, 0.004))


@pytest.mark.parametrize("part", [0, 1])
def test_a_serialization_conflict_at_any_statement_of_a_transaction_is_retried(
    part: int, undisturbed: Undisturbed, short_waits: None
) -> None:
    warehouse, statements = undisturbed.warehouse, undisturbed.statements
    begins = [n for n, sql in enumerate(statements, 1) if sql == "begin"]
    commits = [n for n, sql in enumerate(statements, 1) if sql == "commit"]
    within = [n for begin, commit in zip(begins, commits, strict=True) for n in range(begin + 1, commit + 1)]
    for nth in sorted({*within[::5], *commits})[part::2]:
        undisturbed.start_afresh()
        warehouse.stand_in.arm("error", nth, **CONFLICT)
        outcome = warehouse.etl()
        assert outcome.exit_code == 0, f"statement {nth}, {statements[nth - 1]}:\n{outcome.err}"
        if nth > commits[0]:
            assert "another transaction came between (1023 Serializable isolation violation" in outcome.err
            assert "; trying again in 0.001 seconds" in outcome.err
        assert warehouse.state() == undisturbed.state
        assert warehouse.query("select status, batches from runs") == [("done", 2)]


def test_a_serialization_conflict_is_retried_later_and_later(undisturbed: Undisturbed, short_waits: None) -> None:
    warehouse = undisturbed.warehouse
    warehouse.stand_in.arm("error", 1, matching="^insert into songplays", times=4, **CONFLICT)
    outcome = warehouse.loaded()
    assert re.findall(r"again in ([\d.]+) seconds", outcome.err) == ["0.001", "0.002", "0.003", "0.004"]
    assert warehouse.state() == undisturbed.state


def test_a_serialization_conflict_that_stays_ends_the_load(warehouse: OnRedshift, short_waits: None) -> None:
    warehouse.stand_in.arm("error", 1, matching="^insert into catalogue", times=99, **CONFLICT)
    said = warehouse.refused(1, "again and again; run again when it is over")
    assert said.count("Serializable isolation violation") == 1
    warehouse.stand_in.disarm()
    warehouse.loaded()


@pytest.mark.parametrize("options", [[], ["--drop", "--yes"]], ids=["create", "drop"])
def test_create_tables_is_retried_after_a_conflict(
    options: list[str], warehouse: OnRedshift, short_waits: None
) -> None:
    warehouse.stand_in.arm("error", 1, matching="^commit", **CONFLICT)
    outcome = warehouse.command("create-tables", *options)
    assert outcome.exit_code == 0, outcome.err
    assert "; trying again in 0.001 seconds" in outcome.err
    warehouse.loaded()


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_commit_of_create_tables_whose_answer_is_lost_is_not_told_as_no_change(
    when: Any, warehouse: OnRedshift
) -> None:
    warehouse.stand_in.arm("drop", 1, when, matching="^commit")
    outcome = warehouse.command("create-tables", "--drop", "--yes")
    assert outcome.exit_code == 1
    lost = "the connection was lost at the end: all of it is done, or nothing; look with sparkify status"
    assert outcome.err.splitlines()[-1] == lost


def test_a_cluster_that_ends_the_connection_is_told_as_such(warehouse: OnRedshift) -> None:
    ended: dict[str, Any] = {"sqlstate": "57P01", "message": "terminating connection due to administrator command"}
    warehouse.stand_in.arm("error", 1, matching="^insert into catalogue", **ended)
    warehouse_in_one_batch(warehouse).refused(1, "the cluster ended the connection; run again", "terminating")


@pytest.mark.parametrize(
    "others",
    [
        {"sqlstate": "40001", "message": "could not serialize access", "detail": ""},
        {"message": "Serialization", "detail": "\n  ---\n  error:  Serialization\n  code:      1023\n  ---\n"},
        {"message": "could not complete because of conflict with concurrent transaction", "detail": ""},
    ],
    ids=["SQLSTATE", "code in the detail", "message"],
)
def test_a_conflict_is_known_by_every_field_that_tells_it(
    others: dict[str, str], warehouse: OnRedshift, short_waits: None
) -> None:
    warehouse.stand_in.arm("error", 1, matching="^insert into catalogue", **CONFLICT | others)
    assert "trying again in 0.001 seconds" in warehouse.loaded().err


@pytest.mark.parametrize(
    ("fault", "exit_code"),
    [
        ({"sqlstate": "XX000", "message": "Query (4102377) cancelled on user's request"}, 1),
        ({"sqlstate": "XX000", "message": "Serializable isolation violation is no table"}, 1),
        ({"sqlstate": "XX000", "message": "out of luck", "detail": "query 425010, 280003D000, 531001016"}, 1),
    ],
)
def test_a_number_within_a_message_is_no_code(
    fault: dict[str, Any], exit_code: int, warehouse: OnRedshift, short_waits: None
) -> None:
    warehouse_in_one_batch(warehouse).stand_in.arm("error", 1, matching="^insert into catalogue", **fault)
    said = warehouse.refused(exit_code, "report this if it stays", fault["message"])
    assert "another transaction" not in said


# ---------------------------------------------------------------- what Redshift may not read


def test_a_role_that_may_not_read_one_object(warehouse: OnRedshift) -> None:
    warehouse.put("log_data/forbidden.json", "\n".join(many_events(LARGE)))
    warehouse.use(role="not-all")
    place = f"{warehouse.store}/log_data/forbidden.json"
    warehouse.refused(3, "let the role of [IAM_ROLE] ARN list and read what [S3] names", place)


def test_a_role_that_may_not_list(warehouse: OnRedshift) -> None:
    warehouse.use(role="getter", work="")
    place = f"{warehouse.store}/song_data/"
    warehouse.refused(3, "let the role of [IAM_ROLE] ARN list and read", "Access Denied", place)


def test_a_role_that_may_not_read_what_lies_in_work(warehouse: OnRedshift) -> None:
    warehouse.use(role="not-work")
    warehouse.refused(3, "let the role of [IAM_ROLE] ARN read what lies in [S3] WORK")


def test_a_role_that_cannot_be_assumed(warehouse: OnRedshift) -> None:
    role = "arn:aws:iam::000000000000:role/nobody"
    warehouse.use(role=role)
    warehouse.refused(
        3, "attach the role of [IAM_ROLE] ARN to the cluster", f"not authorized to assume IAM Role {role}"
    )


def test_a_client_that_may_not_write_into_work(warehouse: OnRedshift) -> None:
    warehouse.use(user="reader")
    warehouse.refused(
        3,
        "[S3] WORK, where the client must be able to write",
        "access denied",
        f"{warehouse.store}/work/",
    )


def test_a_bucket_for_work_that_is_not_there(warehouse: OnRedshift) -> None:
    warehouse.use(work="s3://no-such-bucket/work")
    warehouse.refused(3, "[S3] WORK, where the client must", "s3://no-such-bucket/work/", "is not there")


def after_the_listing(monkeypatch: pytest.MonkeyPatch, change: Callable[[], None]) -> None:
    """Change the bucket when a load has listed it."""
    list_objects = listing.list_objects

    def listed_and_changed(*arguments: Any) -> Any:
        listed = list_objects(*arguments)
        monkeypatch.setattr(listing, "list_objects", list_objects)
        change()
        return listed

    monkeypatch.setattr(listing, "list_objects", listed_and_changed)


@pytest.mark.parametrize("is_large", [False, True], ids=["small", "large"])
def test_an_object_that_vanishes_between_listing_and_loading(
    is_large: bool, warehouse: OnRedshift, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse.put("log_data/b.json", "\n".join(many_events(LARGE)) if is_large else lines([event(ts=2)]))
    warehouse.configure()
    after_the_listing(monkeypatch, lambda: warehouse.remove("log_data/b.json"))
    warehouse.refused(3, f"{warehouse.store}/log_data/b.json", "run again")
    warehouse.loaded()
    assert len(warehouse.history()) == 2


@pytest.mark.parametrize("key", ["log_data/2018/11/a.json", "song_data/A/a.json"])
def test_a_prefix_that_is_empty_by_the_time_of_its_copy(
    key: str, warehouse: OnRedshift, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse.use(work="")
    prefix = f"{key.partition('/')[0]}/"
    warehouse.remove(prefix)
    after_the_listing(monkeypatch, lambda: warehouse.remove(key))
    warehouse.refused(3, f"'{prefix}'", "the objects are gone since they were listed")


def before_the_copy(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object]) -> None:
    """Do something when the first manifest of large logs is written, and so all of them have been looked at."""
    manifest = work.Work.manifest
    acts = [act]

    def changed_before(self: work.Work, sizes: Mapping[str, int]) -> str:
        if acts and any(name.endswith("large.json") for name in sizes):
            acts.pop()()
        return manifest(self, sizes)

    monkeypatch.setattr(work.Work, "manifest", changed_before)


@pytest.mark.parametrize("moment", [after_the_listing, before_the_copy])
def test_a_large_log_that_is_overwritten_after_the_listing_stays_new(
    moment: Callable[..., None], warehouse: OnRedshift, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse.configure()
    old = many_events(LARGE)
    new = [*old, *many_events(2_000, userId="16")]
    warehouse.put("log_data/large.json", "\n".join(old))
    warehouse.put("log_data/other.json", "\n".join(many_events(LARGE, userId="17")))
    moment(monkeypatch, lambda: warehouse.put("log_data/large.json", "\n".join(new)))
    assert "it is not loaded and stays new" in warehouse.loaded().err
    assert "log_data/large.json" not in warehouse.history()
    assert "log_data/other.json" in warehouse.history()
    assert "1 new" in warehouse.loaded().out
    assert warehouse.history()["log_data/large.json"] == (len(new), len(new), 0)
    assert warehouse.loaded().out.startswith("nothing new")


# ---------------------------------------------------------------- what Redshift refuses


def test_a_wrong_password(warehouse: OnRedshift) -> None:
    warehouse.use(cluster={"DB_PASSWORD": "wrong"})
    said = warehouse.refused(3, "cannot log in; check [CLUSTER] DB_USER and", "password authentication failed")
    assert warehouse.stand_in.password not in said


def test_an_unknown_database(warehouse: OnRedshift) -> None:
    warehouse.use(cluster={"DB_NAME": "nowhere"})
    outcome = warehouse.etl()
    assert outcome.exit_code == 3
    assert 'cannot log in; check [CLUSTER] DB_NAME (database "nowhere" does not exist)' in outcome.error


def test_a_host_that_is_not_reached(warehouse: OnRedshift) -> None:
    warehouse.use(cluster={"DB_PORT": free_port()})
    warehouse.refused(3, "cannot log in; check [CLUSTER] HOST and DB_PORT, that the cluster is not paused", "refused")


def test_a_host_that_has_no_name(warehouse: OnRedshift) -> None:
    warehouse.use(cluster={"HOST": "no-such-host.invalid"})
    warehouse.refused(3, "cannot log in; check [CLUSTER] HOST and DB_PORT", "no-such-host.invalid")


def test_a_disk_that_is_full(warehouse: OnRedshift) -> None:
    detail = "\n  ---\n  error:  Disk Full\n  code:      1016\n  context:   node: 0\n  query:     1\n  ---\n"
    full: dict[str, Any] = {"sqlstate": "53100", "message": "Disk Full", "detail": detail}
    warehouse.stand_in.arm("error", 1, matching="^insert into songplays", **full)
    said = warehouse_in_one_batch(warehouse).refused(1, "make room in the cluster, or lower [ETL] BATCH_SIZE")
    assert said.endswith("(Disk Full (node: 0))")


@pytest.mark.parametrize(
    ("sqlstate", "message", "detail"),
    [
        ("57014", "Query (4102377) cancelled on user's request", ""),
        (
            "XX000",
            "abort query",
            "\n  error:  abort query\n  code:      1020\n  context:   system requested abort\n  query: 1\n",
        ),
    ],
)
def test_a_statement_that_took_longer_than_it_may(
    sqlstate: str, message: str, detail: str, warehouse: OnRedshift
) -> None:
    ended: dict[str, Any] = {"sqlstate": sqlstate, "message": message, "detail": detail}
    warehouse.stand_in.arm("error", 1, matching="^insert into songplays", **ended)
    fix = "raise statement_timeout, or max_query_execution_time of the workgroup, or lower [ETL] BATCH_SIZE"
    warehouse_in_one_batch(warehouse).refused(1, fix, message)


def test_a_bucket_in_another_region(warehouse: OnRedshift, monkeypatch: pytest.MonkeyPatch) -> None:
    far = "S3ServiceException:The S3 bucket addressed by the query is in a different region from this cluster."
    warehouse.stand_in.arm("error", 1, matching="^copy", sqlstate="XX000", message=far)
    warehouse.refused(3, "set [S3] REGION to the region of the bucket", "in a different region")
    warehouse.stand_in.disarm()
    warehouse.stand_in.forget()
    monkeypatch.setenv("DWH_S3_REGION", "us-east-1")
    warehouse.loaded()
    copies = [sql for sql in warehouse.stand_in.statements() if sql.startswith("copy")]
    assert len(copies) == 2
    assert all("region 'us-east-1'" in sql for sql in copies)


def warehouse_in_one_batch(warehouse: OnRedshift) -> OnRedshift:
    warehouse.configure()
    return warehouse


def test_a_right_that_the_user_lacks(warehouse: OnRedshift) -> None:
    lacks: dict[str, Any] = {"sqlstate": "42501", "message": "permission denied for relation songplays"}
    warehouse.stand_in.arm("error", 1, matching="^insert into songplays", **lacks)
    warehouse_in_one_batch(warehouse).refused(3, "the user lacks a right: grant it", "permission denied for relation")


def test_tables_that_are_not_there(warehouse: OnRedshift) -> None:
    with warehouse.stand_in.fresh_database() as name:
        warehouse.use(cluster={"DB_NAME": name})
        outcome = warehouse.etl()
    assert outcome.exit_code == 2
    place = f"redshift://127.0.0.1:{warehouse.stand_in.port}/{name}"
    assert outcome.error == f"error: {place}: the tables are not there yet; run sparkify create-tables first"


def test_a_table_that_is_not_there(warehouse: OnRedshift) -> None:
    warehouse.configure()
    warehouse.change("drop table users cascade")
    outcome = warehouse.etl()
    assert outcome.exit_code == 1
    assert "a table is missing; run sparkify create-tables" in outcome.error
    assert outcome.err.endswith("nothing was changed\n")
    assert warehouse.command("create-tables").exit_code == 0
    warehouse.loaded()


def test_a_driver_that_is_not_installed(warehouse: OnRedshift, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("sparkify.engines.redshift")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("sparkify.engines.redshift")
    monkeypatch.setitem(sys.modules, "redshift_connector", None)
    outcome = warehouse.etl()
    assert outcome.exit_code == 2
    wanted = "[CLUSTER] HOST is set, and redshift_connector is missing: pip install 'sparkify[redshift]'"
    assert outcome.error == f"error: {wanted}"
