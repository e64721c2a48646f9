"""UNLOAD on the stand-in: Parquet files in folders, objects that exist already, and the rights of the role."""

import json
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from redshift_stand_in import StandIn, s3_server
from redshift_stand_in.tests.clients import GONE, Client, Unloading, refused

ONE, TWO = "data/0000_part_00.parquet", "data/0001_part_00.parquet"


def test_each_slice_writes_a_file(unloading: Unloading) -> None:
    unloading.unload("select a, b, d from t order by a")
    assert unloading.keys() == [ONE, TWO]
    assert unloading.read(ONE)[1] == [(1, "x", date(2018, 11, 1)), (3, "z", date(2018, 11, 2))]
    assert unloading.read(TWO)[1] == [(2, "y", date(2018, 11, 1))]


def test_without_parallel_there_is_one_file_in_order(unloading: Unloading) -> None:
    unloading.unload("select a from t order by a desc", "parallel off")
    assert unloading.keys() == ["data/000.parquet"]
    assert unloading.read("data/000.parquet")[1] == [(3,), (2,), (1,)]


TYPES = [
    ("smallint", "SMALLINT", 7),
    ("integer", "INTEGER", 7),
    ("bigint", "BIGINT", 2**62),
    ("real", "FLOAT", 1.5),
    ("double precision", "DOUBLE", 295.1),
    ("boolean", "BOOLEAN", False),
    ("varchar(20)", "VARCHAR", "Beyoncé 🎵"),
    ("char(3)", "VARCHAR", "abc"),
    ("timestamp", "TIMESTAMP", datetime(2018, 11, 21, 23, 57, 12, 796_001)),
    ("date", "DATE", date(2018, 11, 21)),
    ("decimal(20, 4)", "DECIMAL(20,4)", Decimal("-12345.6789")),
]


@pytest.mark.parametrize(("kind", "written", "value"), TYPES)
def test_a_value_keeps_its_type(unloading: Unloading, kind: str, written: str, value: Any) -> None:
    unloading.client.run(f"create table v (v {kind})")
    unloading.client.run("insert into v values (%s)", value)
    unloading.client.run("insert into v values (null)")
    unloading.unload("select v from v", "parallel off")
    assert unloading.read("data/000.parquet") == ({"v": written}, [(value,), (None,)])


def test_quotation_marks_in_the_query_are_doubled(unloading: Unloading) -> None:
    unloading.unload("select a, ''it'' as b from t where b = ''y''")
    assert unloading.read(ONE)[1] == [(2, "it")]


def test_partitions_are_folders_and_their_columns_not_in_the_files(unloading: Unloading) -> None:
    unloading.unload("select a, b, d, 2018 as year from t", "partition by (year, d) parallel off")
    first = "data/year=2018/d=2018-11-01/000.parquet"
    assert unloading.keys() == [first, "data/year=2018/d=2018-11-02/000.parquet"]
    assert unloading.read(first) == ({"a": "INTEGER", "b": "VARCHAR"}, [(1, "x"), (2, "y")])


def test_partition_columns_can_be_included(unloading: Unloading) -> None:
    unloading.unload("select a, d from t where a = 3", "partition by (d) include")
    assert unloading.read("data/d=2018-11-02/0000_part_00.parquet")[1] == [(3, date(2018, 11, 2))]


@pytest.mark.parametrize(
    ("value", "folder"),
    [
        ("cast(null as varchar)", "__HIVE_DEFAULT_PARTITION__"),
        ("''''", "__HIVE_DEFAULT_PARTITION__"),
        ("a = 1", "true"),
        ("''a/b=c é''", "a%2Fb%3Dc é"),
    ],
)
def test_the_name_of_a_partition(unloading: Unloading, value: str, folder: str) -> None:
    unloading.unload(f"select a, {value} as p from t where a = 1", "partition by (p)")
    assert unloading.keys() == [f"data/p={folder}/0000_part_00.parquet"]


@pytest.mark.parametrize(
    ("options", "key"), [("", "x0000_part_00.parquet"), ("partition by (d)", "x/d=2018-11-02/0000_part_00.parquet")]
)
def test_a_prefix_gets_its_slash_where_it_is_partitioned(unloading: Unloading, options: str, key: str) -> None:
    role = "iam_role 'arn:aws:iam::000000000000:role/unloader'"
    unloading.client.run(
        f"unload ('select a, d from t where a = 3') to 's3://{unloading.bucket}/x' {role} parquet {options}"
    )
    assert unloading.keys() == [key]


def test_a_manifest_lists_the_files_and_their_sizes(unloading: Unloading) -> None:
    unloading.unload("select a, d from t", "partition by (d) parallel off manifest")
    files = ["data/d=2018-11-01/000.parquet", "data/d=2018-11-02/000.parquet"]
    assert unloading.keys() == [*files, "data/manifest"]
    assert json.loads(unloading.content("data/manifest"))["entries"] == [
        {"url": f"s3://{unloading.bucket}/{key}", "meta": {"content_length": len(unloading.content(key))}}
        for key in files
    ]


def test_no_rows_give_no_files(unloading: Unloading) -> None:
    unloading.unload("select a from t where a > 3", "manifest")
    assert unloading.keys() == []


# Objects that exist already.


def test_existing_files_are_not_overwritten(unloading: Unloading) -> None:
    unloading.put("data/other")
    with refused("XX000", "Specified unload destination on S3 is not empty"):
        unloading.unload()
    assert unloading.keys() == ["data/other"]


def test_allowoverwrite_replaces_files_and_leaves_others(unloading: Unloading) -> None:
    unloading.put(ONE)
    unloading.put("data/other")
    unloading.unload("select a from t where a = 1", "allowoverwrite")
    assert unloading.keys() == [ONE, "data/other"]
    assert unloading.read(ONE)[1] == [(1,)]


def test_cleanpath_deletes_all_below_the_path(unloading: Unloading) -> None:
    for key in ("data/other", "data/sub/other", "elsewhere"):
        unloading.put(key)
    unloading.unload("select a from t where a = 1", "cleanpath")
    assert unloading.keys() == [ONE, "elsewhere"]


def test_cleanpath_with_partitions_deletes_in_the_folders_that_get_files(unloading: Unloading) -> None:
    for key in ("data/d=2018-11-01/other", "data/d=2018-11-03/other", "data/other"):
        unloading.put(key)
    unloading.unload("select a, d from t where a < 3", "partition by (d) parallel off cleanpath")
    assert unloading.keys() == ["data/d=2018-11-01/000.parquet", "data/d=2018-11-03/other", "data/other"]


# The role's rights.


@pytest.mark.parametrize(("role", "options"), [("lister", ""), ("putter", ""), ("getter", ""), ("keeper", "cleanpath")])
def test_a_role_must_list_and_write_and_for_cleanpath_also_delete(
    unloading: Unloading, role: str, options: str
) -> None:
    unloading.put("data/old")
    with refused("XX000", "S3ServiceException:Access Denied,Status 403,Error AccessDenied"):
        unloading.unload(options=options or "allowoverwrite", role=role)
    assert unloading.keys() == ["data/old"]


def test_a_role_that_may_list_and_write_unloads(unloading: Unloading) -> None:
    unloading.unload(role="keeper")
    assert unloading.keys() == [ONE, TWO]


def test_a_role_that_may_not_be_assumed(unloading: Unloading) -> None:
    with refused("XX000", "is not authorized to assume IAM Role arn:aws:iam::000000000000:role/nobody"):
        unloading.unload(role="nobody")


def test_a_bucket_in_another_region_needs_the_option(store: s3_server.Server, client: Client, tmp_path: Path) -> None:
    unloading = Unloading(store, client, tmp_path, region="eu-west-1")
    with refused("XX000", "S3ServiceException:The S3 bucket addressed by the query is in a different region"):
        unloading.unload()
    client.rollback()
    unloading.unload(options="region as 'eu-west-1'")
    assert unloading.keys() == [ONE, TWO]


# Statements.


def test_the_session_knows_its_last_unload(unloading: Unloading) -> None:
    client = unloading.client
    last = "select pg_last_unload_id(), pg_last_unload_count()"
    assert client.rows(last) == [(-1, 0)]
    unloading.unload()
    [(number, rows)] = client.rows(last)
    assert (number > 0, rows) == (True, 3)
    client.rollback()
    assert client.rows(last) == [(-1, 0)]


def test_an_unload_is_no_write(unloading: Unloading) -> None:
    unloading.client.connection.autocommit = True
    unloading.client.run("begin read only")
    unloading.unload()
    unloading.client.run("commit")
    assert unloading.keys() == [ONE, TWO]


def test_an_unload_sees_the_writes_of_its_transaction(unloading: Unloading) -> None:
    unloading.client.run("delete from t where a > 1")
    unloading.unload()
    assert unloading.keys() == [ONE]


REFUSED = [
    ("select a from t limit 1", "", "0A000"),
    ("select a from t union select a from t limit 1", "", "0A000"),
    ("with x as (select a from t) select a from x limit 1", "", "0A000"),
    ("(select a from t limit 1)", "", "0A000"),
    ("select relname from pg_class", "", "0A000"),
    ("select a from t where a = $1", "", "0A000"),
    ("delete from t", "", "42601"),
    ("select a from", "", "42601"),
    ("select pg_sleep(1) from t", "", "42883"),
    ("select a from lacking", "", "42P01"),
    ("select a, a from t", "", "42701"),
    ("select a from t", "partition by (b)", "42703"),
    ("select d from t", "partition by (d)", "0A000"),
    ("select a, cast(a as double precision) as p from t", "partition by (p)", "0A000"),
    ("select a from t", "cleanpath allowoverwrite", "42601"),
    ("select a from t", "manifest verbose", "0A000"),
    ("select a from t", "encrypted", "0A000"),
    ("select a from t", "maxfilesize 4 mb", "22023"),
    ("select a from t", "maxfilesize as 7 gb", "22023"),
    ("select a from t", "format csv", "0A000"),
    ("select a from t", "format json", "0A000"),
]


@pytest.mark.parametrize(("query", "options", "code"), REFUSED)
def test_a_refused_unload_writes_nothing(unloading: Unloading, query: str, options: str, code: str) -> None:
    with refused(code, ""):
        unloading.unload(query, options)
    assert unloading.keys() == []


def test_the_format_must_be_named(unloading: Unloading) -> None:
    role = "iam_role 'arn:aws:iam::000000000000:role/unloader'"
    with refused("0A000", "FORMAT PARQUET only"):
        unloading.client.run(f"unload ('select a from t') to 's3://{unloading.bucket}/data/' {role}")


@pytest.mark.parametrize("options", ["maxfilesize 100", "maxfilesize as 6.2 gb", "rowgroupsize 32 mb", "parallel true"])
def test_options_that_change_nothing_here_are_taken(unloading: Unloading, options: str) -> None:
    unloading.unload("select a from t where a in (select a from t order by a limit 1)", options)
    assert unloading.read(ONE)[1] == [(1,)]


def test_an_unload_that_ends_in_the_middle_leaves_the_files_that_it_wrote(
    stand_in: StandIn, unloading: Unloading
) -> None:
    stand_in.arm("drop", 1, "during", matching="^unload")
    with pytest.raises(GONE):
        unloading.unload("select a, d from t", "partition by (d) parallel off")
    stand_in.disarm()
    assert unloading.keys() == ["data/d=2018-11-01/000.parquet"]
