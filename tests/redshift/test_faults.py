"""A load into Redshift while something goes wrong: what the program says, what stays, and that the next run ends right.

On `redshift_stand_in` and ministack.
"""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import redshift_connector
import trustme
from redshift_connector.core import Connection
from redshift_connector.error import InterfaceError

import redshift_stand_in
from harness.dwh_cfg import S3, read
from harness.folders import quick_folder
from harness.program import Outcome, run
from harness.records import event, lines, many_events
from harness.redshift_warehouse import Servers, Warehouse, delivered, refusal, running, wait_for
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

Content = dict[str, list[str | None]]


@pytest.fixture(scope="module")
def servers() -> Iterator[Servers]:
    with running() as both:
        yield both


@pytest.fixture
def warehouse(servers: Servers, tmp_path: Path) -> Iterator[Warehouse]:
    """A warehouse with its tables, and a bucket with a song and a small log, which are loaded in two batches."""
    with delivered(servers, tmp_path) as made:
        made.configure(BATCH_SIZE=300, LOCK_TIMEOUT=10)
        yield made


class Undisturbed:
    """What a load to which nothing happens sends and makes; the warehouse is empty again then."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        warehouse.stand_in.forget()
        warehouse.loaded()
        self.statements = warehouse.stand_in.statements()
        self.content = warehouse.content()
        assert warehouse.batches() == 2
        self.start_afresh()

    def start_afresh(self) -> None:
        """Empty the tables."""
        self.warehouse.stand_in.disarm()
        tables = [table for table in sql_queries.LASTING_TABLES if table != "warehouse"]
        self.warehouse.query("; ".join(f'delete from "{table}"' for table in tables))

    def assert_next_run_ends_right(self) -> None:
        self.warehouse.stand_in.disarm()
        self.warehouse.loaded()
        assert self.warehouse.content() == self.content


@pytest.fixture
def undisturbed(warehouse: Warehouse) -> Undisturbed:
    return Undisturbed(warehouse)


def batches_said_to_stay(outcome: Outcome) -> set[int]:
    """How many batches may stay loaded, as the last line tells the person."""
    said = outcome.err.splitlines()[-1]
    if said == "nothing was changed":
        return {0}
    stays = (
        r"what this run committed stays loaded \(batches: (\d+)\); run again for the rest",
        r"the run is done, and all of it stays loaded \(batches: (\d+)\)",
    )
    for pattern in stays:
        if found := re.fullmatch(pattern, said):
            return {int(found[1])}
    found = re.fullmatch(r"batches of this run that stay loaded: (\d+), or one more; run again, .*", said)
    assert found, said
    return {int(found[1]), int(found[1]) + 1}


def error_of(outcome: Outcome) -> str:
    """The one sentence with which a command ended."""
    [said] = [line for line in outcome.err.splitlines() if line.startswith("error: ")]
    return said


# ---------------------------------------------------------------- a connection that is lost

CHANGING = ("begin", "copy", "commit", "create", "insert", "delete", "update")


@pytest.mark.parametrize("part", [0, 1, 2])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_connection_lost_at_any_statement_is_told_with_what_stays(
    when: Any, part: int, undisturbed: Undisturbed
) -> None:
    """Before every statement, and after each that changes something: after any other all is as before the next."""
    warehouse, statements = undisturbed.warehouse, undisturbed.statements
    steps = [n for n, sql in enumerate(statements, 1) if when == "before" or sql.startswith(CHANGING)]
    assert len(steps) > (100 if when == "before" else 60)
    for nth in steps[part::3]:
        undisturbed.start_afresh()
        warehouse.stand_in.arm("drop", nth, when)
        outcome = warehouse.etl()
        what_came = f"{when} statement {nth}, {statements[nth - 1]}:\n{outcome.err}"
        assert outcome.exit_code == 1, what_came
        assert "the connection was lost; run again" in error_of(outcome), what_came
        assert batches_said_to_stay(outcome) == {warehouse.batches()}, what_came
        undisturbed.assert_next_run_ends_right()


@pytest.mark.parametrize("answered", [True, False], ids=["dropped at the next statement", "not answered"])
@pytest.mark.parametrize("batch", [1, 2])
def test_a_commit_that_took_place_is_known_of(batch: int, answered: bool, undisturbed: Undisturbed) -> None:
    warehouse = undisturbed.warehouse
    at = [n for n, sql in enumerate(undisturbed.statements, 1) if sql == "commit"][batch]
    if answered:
        warehouse.stand_in.arm("drop", at + 1)
    else:
        warehouse.stand_in.arm("drop", at, "after")
    outcome = warehouse.etl()
    assert outcome.exit_code == 1
    assert batches_said_to_stay(outcome) == {batch}
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
        assert batches_said_to_stay(warehouse.etl()) == {1}
    asked = [what for what in asked if what]
    assert asked.index("batches") > 2
    assert asked[asked.index("batches") - 1] == "lock"


def test_a_rollback_that_fails_leaves_nothing_behind_for_what_comes_next(undisturbed: Undisturbed) -> None:
    warehouse = undisturbed.warehouse
    warehouse.put("log_data/bad.json.gz", "")
    warehouse.put("log_data/bad.json", "this is not packed")
    warehouse.s3.copy_object(
        Bucket=warehouse.bucket, Key="log_data/bad.json.gz", CopySource=f"{warehouse.bucket}/log_data/bad.json"
    )
    warehouse.delete("log_data/bad.json")
    warehouse.stand_in.arm("error", matching="^rollback", sqlstate="XX000", message="out of luck", times=9)
    outcome = warehouse.etl()
    assert outcome.exit_code == 1
    assert "MAX_ERRORS" in outcome.err
    assert batches_said_to_stay(outcome) == {warehouse.batches()}
    assert warehouse.query("select status from runs") == [("failed",)]
    warehouse.delete("log_data/bad.json.gz")
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
    assert "the connection was lost; run again" in error_of(outcome)
    assert batches_said_to_stay(outcome) == stay
    wait_for(lambda: not warehouse.query("select from pg_stat_activity where usename = 'awsuser'"))
    assert warehouse.batches() in stay
    undisturbed.assert_next_run_ends_right()


@pytest.mark.parametrize("seed", range(4))
def test_a_client_killed_at_any_moment_leaves_whole_batches(seed: int, undisturbed: Undisturbed) -> None:
    warehouse = undisturbed.warehouse
    warehouse.stand_in.forget()
    at = random.Random(seed).randint(1, len(undisturbed.statements) - 1)
    client = warehouse.started()
    wait_for(lambda: len(warehouse.stand_in.statements()) >= at)
    client.kill()
    client.communicate()
    undisturbed.assert_next_run_ends_right()
    assert warehouse.query("select count(*) from runs where status = 'running'") == [("0",)]


def interrupted(warehouse: Warehouse, nth: int) -> Outcome:
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
        assert error_of(outcome) == "error: interrupted"
        assert batches_said_to_stay(outcome) == {warehouse.batches()}, what_came
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
        assert warehouse.content() == undisturbed.content
        assert warehouse.query("select status, batches from runs") == [("done", "2")]


def test_a_serialization_conflict_is_retried_later_and_later(undisturbed: Undisturbed, short_waits: None) -> None:
    warehouse = undisturbed.warehouse
    warehouse.stand_in.arm("error", 1, matching="^insert into songplays", times=4, **CONFLICT)
    outcome = warehouse.loaded()
    assert re.findall(r"again in ([\d.]+) seconds", outcome.err) == ["0.001", "0.002", "0.003", "0.004"]
    assert warehouse.content() == undisturbed.content


def test_a_serialization_conflict_that_stays_ends_the_load(warehouse: Warehouse, short_waits: None) -> None:
    warehouse.stand_in.arm("error", 1, matching="^insert into catalogue", times=99, **CONFLICT)
    said = refusal(warehouse, 1, "again and again; run again when it is over")
    assert said.count("Serializable isolation violation") == 1
    warehouse.stand_in.disarm()
    warehouse.loaded()


# ---------------------------------------------------------------- what Redshift may not read


def test_a_role_that_may_not_read_one_object(warehouse: Warehouse) -> None:
    warehouse.put("log_data/forbidden.json", "\n".join(many_events(LARGE)))
    warehouse.configure(role="not-all")
    place = f"s3://{warehouse.bucket}/log_data/forbidden.json"
    refusal(warehouse, 3, "let the role of [IAM_ROLE] ARN list and read what [S3] names", place)


def test_a_role_that_may_not_list(warehouse: Warehouse) -> None:
    warehouse.configure(role="getter", work=None)
    place = f"s3://{warehouse.bucket}/song_data/"
    refusal(warehouse, 3, "let the role of [IAM_ROLE] ARN list and read", "Access Denied", place)


def test_a_role_that_may_not_read_what_lies_in_work(warehouse: Warehouse) -> None:
    warehouse.configure(role="not-work")
    refusal(warehouse, 3, "let the role of [IAM_ROLE] ARN read what lies in [S3] WORK")


def test_a_role_that_cannot_be_assumed(warehouse: Warehouse) -> None:
    role = "arn:aws:iam::000000000000:role/nobody"
    warehouse.configure(role=role)
    refusal(
        warehouse, 3, "attach the role of [IAM_ROLE] ARN to the cluster", f"not authorized to assume IAM Role {role}"
    )


def test_a_client_that_may_not_write_into_work(warehouse: Warehouse) -> None:
    warehouse.configure(user="reader")
    refusal(
        warehouse,
        3,
        "[S3] WORK, where the client must be able to write",
        "access denied",
        f"s3://{warehouse.bucket}/work/",
    )


def test_a_bucket_for_work_that_is_not_there(warehouse: Warehouse) -> None:
    warehouse.configure(work="s3://no-such-bucket/work")
    refusal(warehouse, 3, "[S3] WORK, where the client must", "s3://no-such-bucket/work/", "is not there")


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
    is_large: bool, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse.put("log_data/b.json", "\n".join(many_events(LARGE)) if is_large else lines([event(ts=2)]))
    warehouse.configure()
    after_the_listing(monkeypatch, lambda: warehouse.delete("log_data/b.json"))
    refusal(warehouse, 3, f"s3://{warehouse.bucket}/log_data/b.json", "run again")
    warehouse.loaded()
    assert len(warehouse.sums()) == 2


@pytest.mark.parametrize("key", ["log_data/2018/11/a.json", "song_data/A/a.json"])
def test_a_prefix_that_is_empty_by_the_time_of_its_copy(
    key: str, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse.configure(work=None)
    after_the_listing(monkeypatch, lambda: warehouse.delete(key))
    refusal(warehouse, 3, f"'{key.partition('/')[0]}/'", "the objects are gone since they were listed")


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
    moment: Callable[..., None], warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse.configure()
    old = many_events(LARGE)
    new = [*old, *many_events(2_000, userId="16")]
    warehouse.put("log_data/large.json", "\n".join(old))
    warehouse.put("log_data/other.json", "\n".join(many_events(LARGE, userId="17")))
    moment(monkeypatch, lambda: warehouse.put("log_data/large.json", "\n".join(new)))
    assert "it is not loaded and stays new" in warehouse.loaded().err
    assert "log_data/large.json" not in warehouse.sums()
    assert "log_data/other.json" in warehouse.sums()
    assert "1 new" in warehouse.loaded().out
    assert warehouse.sums()["log_data/large.json"] == (len(new), len(new), 0)
    assert warehouse.loaded().out.startswith("nothing new")


# ---------------------------------------------------------------- what Redshift refuses


def test_a_wrong_password(warehouse: Warehouse) -> None:
    warehouse.configure(password="wrong")
    said = refusal(warehouse, 3, "cannot log in; check [CLUSTER] DB_USER and", "password authentication failed")
    assert warehouse.stand_in.password not in said


def test_an_unknown_database(warehouse: Warehouse) -> None:
    warehouse.configure(database="nowhere")
    outcome = warehouse.etl()
    assert outcome.exit_code == 3
    assert 'cannot log in; check [CLUSTER] DB_NAME (database "nowhere" does not exist)' in error_of(outcome)


def test_a_host_that_is_not_reached(warehouse: Warehouse) -> None:
    warehouse.configure(port=free_port())
    refusal(warehouse, 3, "cannot log in; check [CLUSTER] HOST and DB_PORT, that the cluster is not paused", "refused")


def test_a_host_that_has_no_name(warehouse: Warehouse) -> None:
    warehouse.configure(host="no-such-host.invalid")
    refusal(warehouse, 3, "cannot log in; check [CLUSTER] HOST and DB_PORT", "no-such-host.invalid")


def test_a_disk_that_is_full(warehouse: Warehouse) -> None:
    detail = "\n  ---\n  error:  Disk Full\n  code:      1016\n  context:   node: 0\n  query:     1\n  ---\n"
    full: dict[str, Any] = {"sqlstate": "53100", "message": "Disk Full", "detail": detail}
    warehouse.stand_in.arm("error", 1, matching="^insert into songplays", **full)
    said = refusal(warehouse_in_one_batch(warehouse), 1, "make room in the cluster, or lower [ETL] BATCH_SIZE")
    assert said.endswith("(Disk Full (node: 0))")


def test_a_bucket_in_another_region(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    far = "S3ServiceException:The S3 bucket addressed by the query is in a different region from this cluster."
    warehouse.stand_in.arm("error", 1, matching="^copy", sqlstate="XX000", message=far)
    refusal(warehouse, 3, "set [S3] REGION to the region of the bucket", "in a different region")
    warehouse.stand_in.disarm()
    warehouse.stand_in.forget()
    monkeypatch.setenv("DWH_S3_REGION", "us-east-1")
    warehouse.loaded()
    copies = [sql for sql in warehouse.stand_in.statements() if sql.startswith("copy")]
    assert len(copies) == 2
    assert all("region 'us-east-1'" in sql for sql in copies)


def warehouse_in_one_batch(warehouse: Warehouse) -> Warehouse:
    warehouse.configure()
    return warehouse


def test_a_right_that_the_user_lacks(warehouse: Warehouse) -> None:
    lacks: dict[str, Any] = {"sqlstate": "42501", "message": "permission denied for relation songplays"}
    warehouse.stand_in.arm("error", 1, matching="^insert into songplays", **lacks)
    refusal(warehouse_in_one_batch(warehouse), 3, "the user lacks a right: grant it", "permission denied for relation")


def test_tables_that_are_not_there(warehouse: Warehouse) -> None:
    with warehouse.stand_in.fresh_database() as name:
        warehouse.configure(database=name)
        outcome = warehouse.etl()
    assert outcome.exit_code == 2
    place = f"redshift://127.0.0.1:{warehouse.stand_in.port}/{name}"
    assert error_of(outcome) == f"error: {place}: the tables are not there yet; run create_tables.py first"


def test_a_table_that_is_not_there(warehouse: Warehouse) -> None:
    warehouse.configure()
    warehouse.query("drop table users cascade")
    outcome = warehouse.etl()
    assert outcome.exit_code == 1
    assert "a table is missing; run create_tables.py" in error_of(outcome)
    assert outcome.err.endswith("nothing was changed\n")
    assert warehouse.command("create-tables").exit_code == 0
    warehouse.loaded()


def test_a_driver_that_is_not_installed(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("sparkify.engines.redshift")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "redshift_connector", None)
    outcome = warehouse.etl()
    assert outcome.exit_code == 2
    wanted = "[CLUSTER] HOST is set, and redshift_connector is missing: pip install 'sparkify[redshift]'"
    assert error_of(outcome) == f"error: {wanted}"


# ---------------------------------------------------------------- TLS


def test_tls_is_asked_for_of_a_server_that_has_none(warehouse: Warehouse) -> None:
    warehouse.configure(sslmode="verify-full")
    refusal(warehouse, 3, "cannot log in; the host offers no TLS", "[CLUSTER] SSLMODE = disable")


def test_only_a_certificate_that_can_be_trusted_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    certificate, trusted = tmp_path / "certificate.pem", tmp_path / "authority.pem"
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(certificate))
    authority.cert_pem.write_to_path(str(trusted))

    def login(host: str, sslmode: str) -> Outcome:
        login = f"DB_PORT = {stand_in.port}\nDB_PASSWORD = {stand_in.password}\nSSLMODE = {sslmode}"
        cluster = CLUSTER.replace("DB_PASSWORD = secret", login).replace("HOST = example", f"HOST = {host}")
        (tmp_path / "dwh.cfg").write_text(IN_S3 + cluster, encoding="utf-8")
        return run("check", "--config", str(tmp_path / "dwh.cfg"))

    def assert_refused(host: str, sslmode: str, *words: str) -> None:
        outcome = login(host, sslmode)
        assert outcome.exit_code == 3
        assert all(word in error_of(outcome) for word in words), outcome.err

    def assert_logs_in(host: str, sslmode: str) -> None:
        assert "the tables are not there yet" in error_of(login(host, sslmode))

    with quick_folder() as folder, redshift_stand_in.running(folder, certificate=str(certificate)) as stand_in:
        for sslmode in ("verify-full", "verify-ca"):
            assert_refused("localhost", sslmode, "the host cannot prove that it is Redshift", "verify failed")
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        assert_refused("127.0.0.1", "verify-full", "the certificate is of another host", "SSLMODE = verify-ca")
        assert_logs_in("127.0.0.1", "verify-ca")
        assert_logs_in("localhost", "verify-full")


# ---------------------------------------------------------------- the configuration

CLUSTER = """
[CLUSTER]
HOST = example
DB_NAME = dev
DB_USER = awsuser
DB_PASSWORD = secret
[IAM_ROLE]
ARN = arn:aws:iam::123456789012:role/dwhRole
"""
IN_S3 = S3.replace("= ", "= s3://bucket/")


@pytest.mark.parametrize(
    ("old", "new", "key", "accepted"),
    [
        ("ARN = arn:aws:iam::123456789012:role/dwhRole", "", "[IAM_ROLE] ARN", "arn:aws:iam::123456789012:role/NAME"),
        ("ARN = arn", "ARN = an", "[IAM_ROLE] ARN", "arn:aws:iam::123456789012:role/NAME"),
        ("DB_PASSWORD = secret", "", "[CLUSTER] DB_PASSWORD", "set CLUSTER_ID or WORKGROUP to log in by IAM"),
        ("DB_USER = awsuser", "", "[CLUSTER] DB_USER", "awsuser"),
        ("DB_NAME = dev", "", "[CLUSTER] DB_NAME", "dev"),
        (
            "DB_NAME",
            "SSLMODE = verify_full\nDB_NAME",
            "[CLUSTER] SSLMODE",
            "verify-full, verify-ca or disable is accepted",
        ),
        ("DB_NAME", "DB_PORT = redshift\nDB_NAME", "[CLUSTER] DB_PORT", "a whole number"),
        ("[CLUSTER]", "WORK = s3://bucket/logs/work\n[CLUSTER]", "[S3] WORK", "a prefix without data"),
        ("[CLUSTER]", "WORK = s3://bucket/songs\n[CLUSTER]", "[S3] WORK", "a prefix without data"),
        ("[CLUSTER]", "WORK = work\n[CLUSTER]", "[S3] WORK", "s3://my-bucket/prefix"),
        ("LOG_DATA = s3://bucket/", "LOG_DATA = ", "[S3] LOG_DATA", "s3://my-bucket/prefix"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_what_is_accepted(
    old: str, new: str, key: str, accepted: str, tmp_path: Path
) -> None:
    text = IN_S3 + CLUSTER
    assert text.count(old) == 1 or old == "DB_NAME"
    (tmp_path / "dwh.cfg").write_text(text.replace(old, new, 1), encoding="utf-8")
    outcome = run("etl", "--config", str(tmp_path / "dwh.cfg"))
    assert outcome.exit_code == 2
    said = error_of(outcome)
    assert said.startswith(f"error: {tmp_path / 'dwh.cfg'}: {key} ")
    assert accepted in said


@pytest.mark.parametrize("work", ["s3://bucket/log", "s3://bucket/logs-work", "s3://other/logs", "s3://bucket/work"])
def test_work_may_lie_beside_the_data(work: str, tmp_path: Path) -> None:
    config = read(tmp_path, f"{IN_S3}WORK = {work}\n{CLUSTER}")
    assert config.cluster
    assert config.cluster.work == work


# ---------------------------------------------------------------- the login

PASSWORD = {"user": "awsuser", "password": "secret"}
TLS = {"ssl": True, "sslmode": "verify-full"}
KEYS = {"access_key_id": "AKIA", "secret_access_key": "hidden"}


@pytest.mark.parametrize(
    ("login", "region", "expected"),
    [
        ("DB_USER = awsuser\nDB_PASSWORD = secret", "", PASSWORD | TLS),
        (
            "DB_USER = awsuser\nDB_PASSWORD = secret\nSSLMODE = verify-ca",
            "",
            PASSWORD | TLS | {"sslmode": "verify-ca"},
        ),
        ("DB_USER = awsuser\nDB_PASSWORD = secret\nSSLMODE = disable", "", PASSWORD | {"ssl": False}),
        (
            "WORKGROUP = analysts",
            "",
            TLS | {"iam": True, "is_serverless": True, "serverless_work_group": "analysts", "region": None},
        ),
        (
            "WORKGROUP = analysts\nDB_USER = awsuser",
            "REGION = eu-west-1",
            TLS | {"iam": True, "is_serverless": True, "serverless_work_group": "analysts", "region": "eu-west-1"},
        ),
        (
            "CLUSTER_ID = dwh\nDB_USER = loader",
            "",
            TLS | {"iam": True, "cluster_identifier": "dwh", "db_user": "loader", "region": None},
        ),
        (
            "CLUSTER_ID = dwh",
            "",
            TLS | {"iam": True, "cluster_identifier": "dwh", "group_federation": True, "region": None},
        ),
        (
            "CLUSTER_ID = dwh\n[AWS]\nKEY = AKIA\nSECRET = hidden",
            "",
            TLS | KEYS | {"iam": True, "cluster_identifier": "dwh", "group_federation": True, "region": None},
        ),
    ],
)
def test_the_driver_is_told_how_to_log_in(
    login: str, region: str, expected: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: dict[str, Any] = {}

    def connect(**arguments: Any) -> Any:
        told.update(arguments)
        raise InterfaceError("enough")

    monkeypatch.setattr(redshift_connector, "connect", connect)
    cluster = CLUSTER.replace("DB_USER = awsuser\nDB_PASSWORD = secret", login)
    config = tmp_path / "dwh.cfg"
    config.write_text(f"{IN_S3}{region}\n{cluster}", encoding="utf-8")
    outcome = run("check", "--config", str(config))
    assert outcome.exit_code == 3
    assert "cannot log in" in error_of(outcome)
    always = {"host": "example", "port": 5439, "database": "dev", "application_name": "sparkify"}
    alive = {"tcp_keepalive": True, "tcp_keepalive_idle": 60}
    assert told == always | alive | expected


def test_a_fault_of_boto3_at_the_login_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(**_: Any) -> Any:
        raise AttributeError("'NoneType' object has no attribute 'get_frozen_credentials'")

    monkeypatch.setattr(redshift_connector, "connect", connect)
    config = tmp_path / "dwh.cfg"
    config.write_text(IN_S3 + CLUSTER, encoding="utf-8")
    outcome = run("check", "--config", str(config))
    assert outcome.exit_code == 3
    assert "cannot log in; check [CLUSTER], and for a login by IAM the credentials" in error_of(outcome)
