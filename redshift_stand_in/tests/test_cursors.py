"""The stand-in's cursors, as the pages DECLARE, FETCH and CLOSE of the developer guide have them."""

from decimal import Decimal

import pytest

from redshift_stand_in import StandIn
from redshift_stand_in.tests.clients import Client, refused

BEGIN_READ_ONLY = "begin read only"


@pytest.fixture
def rows(client: Client) -> Client:
    """A client in a transaction of its own statements, with three rows in t."""
    client.connection.autocommit = True
    client.run("create table t (a integer, b varchar(10), c decimal(10, 2))")
    client.run("insert into t values (1, 'x', 1.5), (2, null, 2.25), (3, 'z', null)")
    return client


@pytest.mark.parametrize("begin", ["begin", BEGIN_READ_ONLY])
def test_a_cursor_gives_its_rows_in_portions_with_their_types(rows: Client, begin: str) -> None:
    rows.run(begin)
    rows.run("declare answer cursor for select a, b, c from t order by a")
    assert rows.rows("fetch forward 2 from answer") == [(1, "x", Decimal("1.50")), (2, None, Decimal("2.25"))]
    assert rows.rows("fetch forward 2 from answer") == [(3, "z", None)]
    assert rows.rows("fetch forward 2 from answer") == []
    rows.run("close answer")
    rows.run("rollback")


def test_next_is_one_row(rows: Client) -> None:
    rows.run("begin")
    rows.run("declare answer cursor for with x as (select a from t) select a from x order by a")
    assert [rows.value("fetch next from answer") for _ in range(2)] == [1, 2]


def test_a_cursor_is_in_a_transaction(rows: Client) -> None:
    with refused("25P01", "DECLARE CURSOR may only be used in transaction blocks"):
        rows.run("declare answer cursor for select a from t")
    with refused("XX000", "cursors can only be used within the transaction that created them"):
        rows.run("fetch next from answer")


@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_a_cursor_ends_with_its_transaction(rows: Client, end: str) -> None:
    rows.run("begin")
    rows.run("declare answer cursor for select a from t")
    rows.run(end)
    rows.run("begin")
    with refused("34000", 'cursor "answer" does not exist'):
        rows.run("fetch next from answer")
    rows.run("rollback")
    rows.run("begin")
    rows.run("declare another cursor for select a from t")


def test_one_cursor_may_be_open(rows: Client) -> None:
    rows.run("begin")
    rows.run("declare first cursor for select a from t")
    rows.run("close first")
    rows.run("declare second cursor for select a from t")
    with refused("24000", "opening multiple cursors from within the same client connection is not allowed"):
        rows.run("declare third cursor for select a from t")


@pytest.mark.parametrize(
    ("statement", "code", "message"),
    [
        ("fetch forward 1001 from answer", "XX000", "Fetch size 1001 exceeds the limit of 1000 for a single node"),
        ("fetch all from answer", "0A000", "single node"),
        ("fetch forward all from answer", "0A000", "single node"),
        ("fetch backward 1 from answer", "42601", "syntax error"),
        ("fetch absolute 1 from answer", "42601", "syntax error"),
        ("fetch 1 from answer", "42601", "syntax error"),
        ("move 1 in answer", "42601", "syntax error"),
        ("close all", "42601", "syntax error"),
        ("declare b scroll cursor for select 1", "42601", "syntax error"),
        ("declare b no scroll cursor for select 1", "42601", "syntax error"),
        ("declare b binary cursor for select 1", "42601", "syntax error"),
        ("declare b cursor with hold for select 1", "42601", "syntax error"),
        ("declare b cursor for show search_path", "42601", "syntax error"),
        ("declare b cursor for select pg_sleep(1)", "42883", "pg_sleep"),
    ],
)
def test_no_other_form_is_taken(rows: Client, statement: str, code: str, message: str) -> None:
    rows.run("begin")
    rows.run("declare answer cursor for select a from t")
    with refused(code, message):
        rows.run(statement)


def test_a_cursor_takes_no_bound_values(rows: Client) -> None:
    rows.run("begin")
    with refused("0A000", "no bound values in the query of a cursor"):
        rows.run("declare answer cursor for select a from t where a = %s", 1)


def test_a_fault_strikes_between_two_portions(rows: Client, stand_in: StandIn) -> None:
    rows.run("begin")
    rows.run("declare answer cursor for select a from t")
    rows.run("fetch forward 1 from answer")
    message = "exceeded the maximum size allowed for the total set of cursor data: 8000MB."
    stand_in.arm("error", matching="^fetch", message=message)
    with refused("XX000", message):
        rows.run("fetch forward 1 from answer")


def test_a_statement_is_explained(rows: Client) -> None:
    assert "t" in rows.value("explain select a from t")
