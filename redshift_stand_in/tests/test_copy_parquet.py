"""COPY of Parquet on the stand-in: files of a manifest with their sizes, columns in order and of exact types."""

from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest

from redshift_stand_in.tests.clients import Loading, refused

MOMENT = "timestamp '2018-11-21 23:57:12.796001'"


class Parquet:
    """The bucket of a `Loading` with a Parquet file that DuckDB wrote."""

    def __init__(self, loading: Loading, path: Path) -> None:
        self._loading, self._path = loading, path

    def put(self, query: str) -> bytes:
        """Put the rows of a query as the file that the manifest names."""
        with duckdb.connect() as database:
            database.query(query).write_parquet(str(self._path))
        content = self._path.read_bytes()
        self._loading.put("data/1.parquet", content)
        self._loading.manifest({"url": "data/1.parquet", "mandatory": True, "meta": {"content_length": len(content)}})
        return content

    def copy(self, options: str = "format as parquet manifest", columns: str = "a, b, c, d, e") -> int:
        return self._loading.copy(options, source="manifest", columns=columns)


@pytest.fixture
def parquet(loading: Loading, tmp_path: Path) -> Parquet:
    return Parquet(loading, tmp_path / "file.parquet")


def test_values_are_loaded_by_the_order_of_the_columns_and_not_by_their_names(
    loading: Loading, parquet: Parquet
) -> None:
    parquet.put(
        f"select 9223372036854775807 as z, 'é' as y, {MOMENT} as x, 0.1::double as w, true as v "
        "union all select 1, '', null, 1e-300::double, false union all select 2, null, null, null, null order by 1"
    )
    assert parquet.copy() == 3
    assert loading.loaded("a, b, c, d, e") == [
        (1, "", None, 1e-300, False),
        (2, None, None, None, None),
        (2**63 - 1, "é", datetime(2018, 11, 21, 23, 57, 12, 796_001), 0.1, True),
    ]


def test_a_prefix_is_loaded_too(loading: Loading, parquet: Parquet) -> None:
    parquet.put("select 1::bigint as a")
    assert loading.copy("format parquet", columns="a") == 1


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (
            "select 1::bigint as a",
            "Unmatched number of columns between table and file. Table columns: 2, Data columns: 1",
        ),
        ("select 1::integer as a, 'x' as b", "incompatible Parquet schema for column 'a'"),
        ("select 1::bigint as a, 1 as b", "incompatible Parquet schema for column 'b'"),
        ("select 1::bigint as a, 'ééé' as b", "The length of the data column b is longer than the length defined"),
    ],
)
def test_a_file_that_the_table_does_not_take(loading: Loading, parquet: Parquet, query: str, message: str) -> None:
    parquet.put(query)
    with refused("XX000", message):
        parquet.copy(columns="a, b")


def test_a_required_column_takes_no_null(parquet: Parquet) -> None:
    parquet.put("select 1::bigint as a, null::integer as n")
    with refused("23502", "n"):
        parquet.copy(columns="a, n")


@pytest.mark.parametrize("content", [b"", b"PAR1 and no Parquet"])
def test_what_is_no_parquet_is_refused(loading: Loading, content: bytes) -> None:
    loading.put("data/1.parquet", content)
    with refused("XX000", "Spectrum Scan Error"):
        loading.copy("format parquet", columns="a")


@pytest.mark.parametrize(
    ("option", "name"),
    [
        ("region 'us-east-1'", "REGION"),
        ("compupdate off", "COMPUPDATE"),
        ("maxerror 1", "MAXERROR"),
        ("timeformat 'auto'", "TIMEFORMAT"),
        ("gzip", "COMPRESSION"),
    ],
)
def test_an_option_that_copy_of_parquet_does_not_know(parquet: Parquet, option: str, name: str) -> None:
    parquet.put("select 1::bigint as a")
    with refused("0A000", f"{name} argument is not supported for PARQUET based COPY"):
        parquet.copy(f"format as parquet manifest {option}", columns="a")


def test_a_manifest_must_say_how_large_a_file_is_and_be_right(loading: Loading, parquet: Parquet) -> None:
    size = len(parquet.put("select 1::bigint as a"))
    entry: dict[str, Any] = {"url": "data/1.parquet", "mandatory": True}
    loading.manifest(entry)
    with refused("XX000", "Manifest file is not in correct json format"):
        parquet.copy(columns="a")
    loading.client.rollback()
    loading.manifest(entry | {"meta": {"content_length": size + 1}})
    with refused("XX000", "file size does not match"):
        parquet.copy(columns="a")
