"""Blanks at the end of a text do not count where texts are compared (DG r_Character_types)."""

import pytest

from redshift_stand_in import StandIn
from redshift_stand_in.tests.clients import Client

TEXTS = ("a", "a ", "a  ", " a", "b", "", " ", None)


@pytest.fixture
def texts(client: Client) -> Client:
    """A client with a table of texts that differ by blanks."""
    client.run("create table t (n integer, x varchar(10))")
    for number, text in enumerate(TEXTS):
        client.run("insert into t values ($1, $2)", number, text)
    return client


COMPARISONS = [
    ("'a' = 'a  '", True),
    ("cast('a ' as varchar(10)) = cast('a  ' as varchar(20))", True),
    ("'a' = ' a'", False),
    ("'a' <> 'a '", False),
    ("'a ' > 'a'", False),
    ("'a ' <= 'a'", True),
    ("'a ' < 'ab'", True),
    ("' ' = ''", True),
    ("'a ' in ('b', 'a')", True),
    ("'a ' between 'a' and 'a'", True),
    ("nullif('a ', 'a') is null", True),
    ("case 'a ' when 'a' then true else false end", True),
]


@pytest.mark.parametrize(("condition", "holds"), COMPARISONS)
def test_a_comparison_takes_no_notice_of_them(client: Client, condition: str, holds: bool) -> None:
    assert client.value(f"select {condition}") is holds


QUERIES = [
    ("select count(*) from t where x = 'a '", 3),
    ("select count(distinct x) from t", 4),
    ("select count(*) from (select x from t group by x) as g", 5),
    ("select count(*) from (select distinct x from t) as g", 5),
    ("select count(*) from (select x from t union select x from t) as g", 5),
    ("select count(*) from t as l inner join t as r on r.x = l.x", 9 + 1 + 1 + 4),
    ("select count(*) from t where x in (select r.x from t as r where r.n = 0)", 3),
    ("select count(*) from t where x = $1", 3),
    ("select max(n) from (select n, row_number() over (partition by x order by n) as place from t) as p"
     " where place = 3", 2),
    ("select count(*) from t where x = (select max(r.x) from t as r where r.n < 3)", 3),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "answer"), QUERIES)
def test_a_query_takes_no_notice_of_them(texts: Client, sql: str, answer: int) -> None:
    assert texts.value(sql, *(["a   "] if "$1" in sql else [])) == answer


def test_texts_that_differ_by_them_are_equal_when_they_are_sorted(texts: Client) -> None:
    rows = texts.rows("select n from t where x is not null order by x, n desc")
    assert [number for (number,) in rows] == [6, 5, 3, 2, 1, 0, 4]


@pytest.mark.parametrize("join", ["enable_hashjoin", "enable_mergejoin", "enable_nestloop"])
def test_each_way_to_join_takes_no_notice_of_them(texts: Client, join: str, database: str, stand_in: StandIn) -> None:
    texts.connection.commit()
    others = {"enable_hashjoin", "enable_mergejoin", "enable_nestloop"} - {join}
    with stand_in.postgres(database) as server:
        for other in others:
            server.query(f"set {other} = off")
        assert server.query("select count(*) from t as l inner join t as r on r.x = l.x") == [["15"]]


def test_what_measures_cuts_or_searches_a_text_counts_them(client: Client) -> None:
    measures = "char_length('a '), octet_length('a '), position(' ' in 'a '), right('a ', 1), 'a ' || 'b', md5('a ')"
    [row] = client.rows(f"select {measures}, 'a ' like 'a', 'a ' like '% '")
    assert row == (2, 2, 2, " ", "a b", "99020cb24bd13238d907c65cc2b57c03", False, True)
