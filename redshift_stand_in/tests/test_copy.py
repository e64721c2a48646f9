"""COPY on the stand-in: files, values, options, and the rights of the role."""

import gzip
import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pytest
from redshift_connector.error import ProgrammingError

from redshift_stand_in import s3_server
from redshift_stand_in.tests.clients import Client, Loading, refused
from redshift_stand_in.zstandard import zstd


def test_json_loads_by_the_names_of_its_keys(loading: Loading) -> None:
    loading.put("data/1.json", '{"a": 1, "b": "é", "d": 1e3, "e": true, "other": 5}\n{"a": 2, "B": "no"} {"a": 3}')
    assert loading.copy() == 3
    assert loading.loaded("a, b, d, e, n") == [
        (1, "é", 1000.0, True, 7),
        (2, None, None, None, 7),
        (3, None, None, None, 7),
    ]


def test_json_loads_ignoring_case(loading: Loading) -> None:
    loading.put("data/1.json", '{"A": 1, "B": "x"}')
    assert loading.copy("format as json 'auto ignorecase'") == 1
    assert loading.loaded("a, b") == [(1, "x")]


@pytest.mark.parametrize("paths", [["$['x']['y']", "$['z'][1]"], ["$.x.y", "$.z[1]"]])
def test_json_loads_by_paths_in_the_order_of_the_columns(loading: Loading, paths: Sequence[str]) -> None:
    loading.put("paths.json", json.dumps({"jsonpaths": paths}))
    loading.put("data/1.json", '{"x": {"y": 1}, "z": ["no", "yes"]}\n{"x": null, "z": [0, 1]}\n{"z": [0, 1]}')
    assert loading.copy("format json as 's3://paths.json'", columns="a, b") == 3
    assert loading.loaded("a, b") == [(1, "yes"), (None, "1"), (None, "1")]


def test_an_array_loads_by_paths_only(loading: Loading) -> None:
    loading.put("paths.json", '{"jsonpaths": ["$[0]", "$[1]"]}')
    loading.put("data/1.json", '[1, "x"]')
    assert loading.copy("json 's3://paths.json'", columns="a, b") == 1
    with refused("XX000", "Load into table 't' failed.  Check 'sys_load_error_detail'"):
        loading.copy("json 'auto'", columns="a, b")


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        ('{"jsonpaths": ["$.a"]}', "Number of jsonpaths and the number of columns should match. JSONPath size: 1"),
        ('{"jsonpaths": ["$.a", "$.b[*]"]}', "Invalid JSONPath format"),
        ('{"jsonpaths": ["$.a", "$[\'b\'].c"]}', "Invalid JSONPath format"),
        ("not json", "Invalid JSONPath format"),
    ],
)
def test_a_jsonpaths_file_must_fit_the_columns(loading: Loading, paths: str, message: str) -> None:
    loading.put("paths.json", paths)
    loading.put("data/1.json", '{"a": 1}')
    with refused("XX000", message):
        loading.copy("json 's3://paths.json'", columns="a, b")


def test_a_prefix_takes_every_key_that_begins_with_it(loading: Loading) -> None:
    for key in ("log_data/1.json", "log_data_old/2.json", "log_data.json"):
        loading.put(key, '{"a": 1}')
    loading.put("log_data/", "")
    assert loading.copy(source="log_data") == 3
    assert loading.copy(source="log_data/") == 1


ODD_KEYS = ["data/a\tb", "data/a\x1bb", "data//a", "data/./a", "data/a%2Fb", "data/é", "data/ "]


@pytest.mark.parametrize("key", ODD_KEYS)
def test_a_key_may_hold_any_character(loading: Loading, key: str) -> None:
    loading.put(key, '{"a": 1}')
    loading.put("data/a", '{"a": 2}')
    loading.manifest({"url": key, "mandatory": True})
    assert loading.copy("json 'auto' manifest", source="manifest") == 1
    assert loading.loaded() == [(1,)]


def test_a_manifest_names_the_files(loading: Loading) -> None:
    for number in (1, 2, 3):
        loading.put(f"data/{number}", f'{{"a": {number}}}')
    loading.manifest({"url": "data/2", "mandatory": True}, {"url": "data/3"}, {"url": "data/3"}, {"url": "lacking"})
    assert loading.copy("json 'auto' manifest", source="manifest") == 3
    assert loading.loaded() == [(2,), (3,), (3,)]


def test_a_mandatory_file_of_a_manifest_must_exist(loading: Loading) -> None:
    loading.manifest({"url": "lacking", "mandatory": True})
    with refused("XX000", "S3ServiceException:The specified key does not exist.,Status 404,Error NoSuchKey"):
        loading.copy("manifest json 'auto'", source="manifest")


def test_a_manifest_without_files_fails(loading: Loading) -> None:
    loading.manifest({"url": "lacking"})
    with refused("XX000", "No valid S3 files found"):
        loading.copy("manifest json 'auto'", source="manifest")


def test_a_manifest_must_have_the_documented_form(loading: Loading) -> None:
    loading.put("manifest", "{")
    with refused("XX000", "Manifest file is not in correct json format"):
        loading.copy("manifest json 'auto'", source="manifest")
    loading.client.rollback()
    with refused("XX000", "Problem reading manifest file - S3ServiceException:The specified key does not exist"):
        loading.copy("manifest json 'auto'", source="another")


@pytest.mark.parametrize(("option", "pack"), [("gzip", gzip.compress), ("zstd", zstd.compress)], ids=["gzip", "zstd"])
def test_packed_files_load_with_their_option_only(loading: Loading, option: str, pack: Any) -> None:
    loading.put("data/1", pack(b'{"a": 1}') + pack(b'{"a": 2}'))
    assert loading.copy(f"json 'auto' {option}") == 2
    with refused("XX000", "Load into table 't' failed"):
        loading.copy("json 'auto'")
    loading.client.rollback()
    loading.put("data/1", '{"a": 1}')
    with refused("XX000", "decompress"):
        loading.copy(f"json 'auto' {option}")
    loading.client.rollback()
    loading.put("data/1", pack(b'{"a": 1}')[:-3])
    with pytest.raises(ProgrammingError):
        loading.copy(f"json 'auto' {option}")


GOOD = [
    ("a", "3", 3),
    ("a", '"3"', 3),
    ("a", "-9223372036854775808", -(2**63)),
    ("a", '""', None),
    ("a", '" "', None),
    ("a", "null", None),
    ("b", "3", "3"),
    ("b", "3.0", "3.0"),
    ("b", "1e3", "1e3"),
    ("b", "true", "true"),
    ("b", '""', ""),
    ("b", '" "', " "),
    ("b", '"ééa"', "ééa"),
    ("b", "[1, 2]", "[1,2]"),
    ("b", r'"a\u0000b"', "a"),
    ("b", r'"a\u0000"', "a"),
    ("b", r'"\u0000"', ""),
    ("d", "3", 3.0),
    ("d", '"3.5"', 3.5),
    ("d", '""', None),
    ("e", '"t"', True),
    ("e", "0", False),
    ("c", '"2018-11-30 10:00:00.123"', datetime(2018, 11, 30, 10, 0, 0, 123_000)),
]


@pytest.mark.parametrize(("column", "value", "loaded"), GOOD)
def test_a_value_that_a_column_takes(loading: Loading, column: str, value: str, loaded: Any) -> None:
    loading.put("data/1.json", f'{{"{column}": {value}}}')
    loading.copy()
    assert loading.loaded(column) == [(loaded,)]


BAD = [
    ("a", "3.0", 1207, "Invalid digit, Value '.', Pos 1, Type: Long"),
    ("a", "3.7", 1207, "Invalid digit, Value '.', Pos 1, Type: Long"),
    ("a", "1e3", 1207, "Invalid digit, Value 'e', Pos 1, Type: Long"),
    ("a", '"-"', 1207, "Invalid digit, Value '-', Pos 0, Type: Long"),
    ("a", "true", 1207, "Invalid digit, Value 't', Pos 0, Type: Long"),
    ("a", r'"\u00001"', 1207, r"Invalid digit, Value '\0', Pos 0, Type: Long"),
    ("a", "[1]", 1207, "Invalid digit, Value '[', Pos 0, Type: Long"),
    ("a", "9223372036854775808", 1204, "Overflow"),
    ("a", "9" * 5000, 1204, "Overflow"),
    ("b", "[" * 600 + "]" * 600, 1216, "Invalid JSON: nested too deep"),
    ("b", '"ééé"', 1204, "String length exceeds DDL length"),
    ("b", r'"\u0000a"', 1218, "Invalid null byte - field longer than 1 byte"),
    ("b", r'"\ud800"', 1220, "String contains invalid or unsupported UTF8 codepoints. Bad UTF8 hex sequence: eda080"),
    ("b", '{"k":12}', 1204, "String length exceeds DDL length"),
    ("d", '"abc"', 1208, "Invalid digit, Value 'a', Pos 0, Type: Double"),
    ("d", '"nan"', 1208, "Invalid digit, Value 'n', Pos 0, Type: Double"),
    ("d", "1e400", 1204, "Overflow, Type: Double"),
    ("d", "1e-400", 1204, "Underflow, Type: Double"),
    ("d", r'"\ud800"', 1208, r"Invalid digit, Value '\ud800', Pos 0, Type: Double"),
    ("e", '"maybe"', 1210, "Invalid boolean"),
    ("c", "1541105830796", 1206, "Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS]"),
    ("c", '"2018-11-31 00:00:00"', 1206, "Invalid timestamp format or value"),
    ("n", "null", 1213, "Missing data for not-null field"),
    ("n", "2147483648", 1204, "Overflow"),
]


@pytest.mark.parametrize(("column", "value", "code", "message"), BAD)
def test_a_value_that_a_column_does_not_take(
    loading: Loading, column: str, value: str, code: int, message: str
) -> None:
    loading.put("data/1.json", f'\n{{"{column}":\n {value}}}\n')
    with refused("XX000", "Load into table 't' failed.  Check 'sys_load_error_detail' system table for details."):
        loading.copy(columns=column)
    loading.client.rollback()
    [(file, line, name, error_code, error_message)] = loading.errors()
    assert (file, line, name, error_code) == ("data/1.json", 3, column, code)
    assert error_message.startswith(message)


TIMES = [
    ("epochmillisecs", "1541105830796", datetime(2018, 11, 1, 20, 57, 10, 796_000)),
    ("epochmillisecs", '"-1"', datetime(1969, 12, 31, 23, 59, 59, 999_000)),
    ("epochsecs", "1541105830", datetime(2018, 11, 1, 20, 57, 10)),
    ("auto", '"2018-11-01T20:57:10Z"', datetime(2018, 11, 1, 20, 57, 10)),
    ("epochmillisecs", "1541105830796.0", None),
    ("epochmillisecs", "9e99", None),
    ("epochmillisecs", '"2018-11-01 00:00:00"', None),
    ("epochmillisecs", "300000000000000000", None),
    ("auto", "1541105830796", None),
]


@pytest.mark.parametrize(("timeformat", "value", "moment"), TIMES)
def test_timeformat_says_how_a_time_is_read(
    loading: Loading, timeformat: str, value: str, moment: datetime | None
) -> None:
    loading.put("data/1.json", f'{{"c": {value}}}')
    if moment:
        loading.copy(f"timeformat as '{timeformat}' json 'auto'")
        assert loading.loaded("c") == [(moment,)]
        return
    with refused("XX000", "failed"):
        loading.copy(f"timeformat as '{timeformat}' json 'auto'")
    loading.client.rollback()
    assert [error[3] for error in loading.errors()] == [1206]


BROKEN = [
    (b'{"a": 1}, {"a": 2}', [1, 2], 1),
    (b'{"a": 1} garbage {"a": 2}', [1, 2], 1),
    (b'{"a": 1,}\n{"a": 2}', [2], 1),
    (b'{"a": 1, "b": "x\n{"a": 2}\n', [2], 1),
    (b'{"a": 1\n{"a": 2}', [2], 1),
    (b'{"a": 1, "x": "\xff"}\n{"a": 2}', [2], 1),
    (b'\xef\xbb\xbf{"a": 1}', [1], 1),
    (b"[]\n5\n{}", [None], 2),
    (b'{"d": NaN}{"a": 2}', [2], 1),
    (b'{"a": 1}\x0b\n\x0c{"a": 2}', [1, 2], 1),
    ('{"a": 1}\u2028{"a": 2}'.encode(), [1, 2], 1),
    (b'{"a": 1, "b": "a\tb"}{"a": 2}', [2], 1),
]


@pytest.mark.parametrize(("data", "loaded", "errors"), BROKEN)
def test_a_text_that_is_no_record_is_an_error_and_the_records_load(
    loading: Loading, data: bytes, loaded: list[int | None], errors: int
) -> None:
    loading.put("data/1.json", data)
    assert loading.copy("json 'auto' maxerror 10") == len(loaded)
    assert [a for (a,) in loading.loaded()] == loaded
    assert len(loading.errors()) == errors


def test_a_record_over_four_megabytes_is_an_error(loading: Loading) -> None:
    size = 4 * 1024 * 1024
    rest = len('{"a": 1, "x": ""}')
    loading.put("data/1.json", '{"a": 1, "x": "' + "x" * (size - rest) + '"}')
    loading.put("data/2.json", '{"a": 1, "x": "' + "x" * (size - rest + 1) + '"}')
    assert loading.copy("json 'auto' maxerror 2") == 1
    assert [(file, code) for file, _, _, code, _ in loading.errors()] == [("data/2.json", 1216)]


@pytest.mark.parametrize(("maxerror", "fails"), [("", True), ("maxerror 0", True), ("maxerror as 1", True),
                                                 ("maxerror 2", True), ("maxerror 3", False)])  # fmt: skip
def test_maxerror_errors_fail_the_load(loading: Loading, maxerror: str, fails: bool) -> None:
    loading.put("data/1.json", '{"a": "x"} {"a": 1} {"a": "y"}')
    if fails:
        with refused("XX000", "failed"):
            loading.copy(f"json 'auto' {maxerror}")
    else:
        assert loading.copy(f"json 'auto' {maxerror}") == 1
        assert len(loading.errors()) == 2, "the system view shows them within the transaction"


CONVERSIONS = [
    ("truncatecolumns", '"ééé"', "éé"),
    ("blanksasnull", '"  "', None),
    ("emptyasnull", '""', None),
]


@pytest.mark.parametrize(("option", "value", "loaded"), CONVERSIONS)
def test_an_option_converts_texts(loading: Loading, option: str, value: str, loaded: str | None) -> None:
    loading.put("data/1.json", f'{{"b": {value}}}')
    loading.copy(f"json 'auto' {option}")
    assert loading.loaded("b") == [(loaded,)]


def test_noload_checks_and_loads_nothing(loading: Loading) -> None:
    loading.put("data/1.json", '{"a": 1}')
    assert loading.copy("json 'auto' noload compupdate off statupdate on") == 0
    assert loading.loaded() == []
    loading.put("data/1.json", '{"a": "x"}')
    with refused("XX000", "failed"):
        loading.copy("json 'auto' noload")


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ("json 'auto' gzip gzip", "42601"),
        ("json 'auto' gzip zstd", "42601"),
        ("json 'auto' maxerror 100001", "22023"),
        ("json 'auto' explicit_ids", "0A000"),
        ("json 'auto' acceptinvchars", "0A000"),
        ("json 'noshred'", "0A000"),
        ("csv", "0A000"),
        ("json 'auto' nonsense", "42601"),
    ],
)
def test_an_option_that_the_stand_in_does_not_know_is_refused(loading: Loading, options: str, code: str) -> None:
    loading.put("data/1.json", '{"a": 1}')
    with refused(code, ""):
        loading.copy(options)


def test_copy_needs_a_table_and_its_columns(loading: Loading) -> None:
    with refused("XX000", "Cannot COPY into nonexistent table lacking"):
        loading.client.run("copy lacking from 's3://x/y' iam_role 'arn:aws:iam::000000000000:role/reader' json 'auto'")
    loading.client.rollback()
    with refused("42703", 'column "x" of relation "t" does not exist'):
        loading.copy(columns="a, x")


# The role's rights.


def test_a_role_that_may_not_be_assumed(loading: Loading) -> None:
    with refused("XX000", "is not authorized to assume IAM Role arn:aws:iam::000000000000:role/nobody"):
        loading.copy("iam_role 'arn:aws:iam::000000000000:role/nobody' json 'auto'")


def test_a_role_that_may_not_read_a_file(loading: Loading) -> None:
    loading.put("data/forbidden.json", '{"a": 1}')
    with refused("XX000", "S3ServiceException:Access Denied,Status 403,Error AccessDenied"):
        loading.copy()


def test_a_role_that_may_not_list_loads_by_manifest_only(loading: Loading) -> None:
    role = "iam_role 'arn:aws:iam::000000000000:role/getter'"
    loading.put("data/1.json", '{"a": 1}')
    loading.manifest({"url": "data/1.json", "mandatory": True})
    assert loading.copy(f"{role} json 'auto' manifest", source="manifest") == 1
    with refused("XX000", "S3ServiceException:Access Denied,Status 403,Error AccessDenied"):
        loading.copy(f"{role} json 'auto'")


def test_a_manifest_that_the_role_may_not_read(loading: Loading) -> None:
    loading.put("forbidden", "{}")
    with refused("XX000", "COPY with MANIFEST parameter requires full path of an S3 object"):
        loading.copy("json 'auto' manifest", source="forbidden")


def test_a_prefix_without_objects(loading: Loading) -> None:
    with refused("XX000", "The specified S3 prefix 'data/' does not exist"):
        loading.copy()


def test_a_bucket_that_does_not_exist(loading: Loading) -> None:
    loading.bucket = "no-such-bucket"
    with refused("XX000", "The specified bucket does not exist,Status 404,Error NoSuchBucket"):
        loading.copy()


def test_a_bucket_in_another_region_needs_the_option(store: s3_server.Server, client: Client) -> None:
    loading = Loading(store, client, region="eu-west-1")
    loading.put("data/1.json", '{"a": 1}')
    with refused("XX000", "S3ServiceException:The S3 bucket addressed by the query is in a different region"):
        loading.copy()
    client.rollback()
    assert loading.copy("json 'auto' region as 'eu-west-1'") == 1
