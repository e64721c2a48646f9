"""The log of statements, and the faults that a test can order."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from redshift_stand_in import StandIn
from redshift_stand_in.tests.clients import GONE, Client, Loading, refused


def test_every_statement_is_logged(stand_in: StandIn, client: Client) -> None:
    stand_in.forget()
    client.run("create table t (a integer)")
    with refused("0A000", "not supported"):
        client.run("create index i on t (a)")
    client.rollback()
    session = client.value("select pg_backend_pid()")
    mine = [statement["sql"] for statement in stand_in.files.statements() if statement["session"] == session]
    assert mine == [
        *("begin transaction", "create table t (a integer)", "create index i on t (a)", "rollback"),
        *("begin transaction", "select pg_backend_pid()"),
    ]


@pytest.fixture
def faulty(stand_in: StandIn) -> Iterator[StandIn]:
    """The stand-in; after the test no fault is armed, and it runs."""
    yield stand_in
    stand_in.disarm()
    stand_in.report_loads()
    if not stand_in.is_running():
        stand_in.restart()


def count_of_rows(stand_in: StandIn, database: str) -> int:
    """The committed rows of `t`, once PostgreSQL has ended the sessions of clients that are gone."""
    with stand_in.postgres(database) as server:
        deadline = time.monotonic() + 10
        while server.query(f"select from pg_stat_activity where datname = '{database}' and usename <> 'postgres'"):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return int(str(server.query("select count(*) from t")[0][0]))


@pytest.mark.parametrize("what", ["drop", "kill"])
@pytest.mark.parametrize(
    ("matching", "when", "committed"),
    [("insert", "before", 0), ("insert", "during", 0), ("insert", "after", 0), ("commit", "before", 0),
     ("commit", "during", 2), ("commit", "after", 2)],
)  # fmt: skip
def test_a_fault_ends_the_connection_or_the_server_at_a_statement(
    faulty: StandIn, database: str, what: Any, matching: str, when: Any, committed: int
) -> None:
    client = Client(faulty, database)
    client.run("create table t (a integer)")
    client.commit()
    faulty.arm(what, 1, when, matching=f"^{matching}")
    with pytest.raises(GONE):  # noqa: PT012
        client.run("insert into t values (1), (2)")
        client.commit()
    if what == "kill":
        assert faulty.process is not None
        faulty.process.wait(10)
    assert faulty.is_running() == (what == "drop")
    assert count_of_rows(faulty, database) == committed


def test_a_fault_strikes_the_nth_statement(faulty: StandIn, client: Client) -> None:
    client.run("create table t (a integer)")
    faulty.arm("drop", 3)
    client.run("insert into t values (1)")
    client.run("insert into t values (2)")
    with pytest.raises(GONE):
        client.run("insert into t values (3)")


@pytest.mark.parametrize("what", ["drop", "kill"])
def test_a_copy_that_ends_in_the_middle_loads_nothing(
    faulty: StandIn, loading: Loading, database: str, what: Any
) -> None:
    loading.put("data/1.json", "\n".join(f'{{"a": {n}}}' for n in range(2000)))
    faulty.arm(what, 1, "during", matching="^copy")
    loading.client.connection.autocommit = True
    with pytest.raises(GONE):
        loading.copy()
    assert count_of_rows(faulty, database) == 0


def test_a_killed_server_starts_again_on_the_same_data(faulty: StandIn, database: str) -> None:
    client = Client(faulty, database)
    client.run("create table t (a integer)")
    client.run("insert into t values (1)")
    client.commit()
    client.run("insert into t values (2)")
    faulty.kill()
    with pytest.raises(GONE):
        client.run("insert into t values (3)")
    faulty.restart()
    assert Client(faulty, database).rows("select a from t") == [(1,)]


def test_an_error_can_be_ordered(faulty: StandIn, client: Client) -> None:
    client.run("create table t (a integer)")
    client.commit()
    faulty.arm(
        "error", 1, matching="^insert", times=2, message="1023", detail="Serializable isolation violation on table"
    )
    for _ in range(2):
        with refused("XX000", "1023Serializable isolation violation on table"):
            client.run("insert into t values (1)")
        client.rollback()
    assert client.run("insert into t values (1)") == 1


def test_a_copy_reports_what_a_test_wants_it_to(faulty: StandIn, loading: Loading) -> None:
    loading.put("data/1", '{"a": 1} {"a": "x"}')
    for delay, at_once, later in ((0.0, 1, 1), (0.3, 1, 2), (None, 2, 2)):
        faulty.report_loads(delay=delay, more_refused=2, more_loaded=3)
        loading.client.connection.notices.clear()
        assert loading.copy("json 'auto' maxerror 9") == 1
        said = [notice[b"M"].decode() for notice in loading.client.connection.notices]
        assert "completed, 3 record(s) could not be loaded" in said[0]
        assert "completed, 4 record(s) loaded successfully" in said[1]
        assert len(loading.errors()) == at_once
        time.sleep(0.5)
        assert len(loading.errors()) == later
