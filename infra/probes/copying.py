"""What COPY says, what its views show, and what it makes of odd texts."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path

import duckdb

from probes.place import Place, awaited, refusal
from sparkify import sql_queries

GOOD, BAD = '{"a": "x", "n": 1}', '{"a": "x", "n": "no number"}'

RECORDS_IN_TIME = 200_000
"""Records of a file that COPY cannot load within `SHORT_TIMEOUT`."""

SHORT_TIMEOUT = 200
"""Milliseconds."""

PARQUET_ROWS = [
    (2**63 - 1, -7, "é🎵", 0.1, datetime(2018, 11, 21, 23, 57, 12, 796_001)),
    (1, 2**31 - 1, "", 1e-300, datetime(1, 1, 1)),
    (0, 0, None, None, None),
]
"""Rows that hold what a warehouse may: the largest numbers, a microsecond, an early year, empty texts and nulls."""


def copy_messages(place: Place) -> str:
    """What does COPY say beside its answer, with and without MAXERROR and refused records?"""
    good, bad = place.put("good.json", [GOOD, GOOD]), place.put("bad.json", [GOOD, BAD])
    cases = {
        "without MAXERROR": (good, []),
        "MAXERROR 1": (good, ["maxerror 1"]),
        "MAXERROR 9": (good, ["maxerror 9"]),
        "MAXERROR 9, one refused": (bad, ["maxerror 9"]),
        "NOLOAD": (good, ["noload"]),
    }
    said = []
    with place.session_with_table() as session:
        for what, (url, options) in cases.items():
            session.take_notices()
            session.run_untranslated(place.copy_statement(session, url, *options), {})
            said.append(f"{what}: {' | '.join(session.take_notices()) or 'nothing'}")
    return "; ".join(said)


def error_view_delay(place: Place) -> str:
    """How long after a COPY does sys_load_error_detail show what it refused?"""
    url = place.put("refused.json", [GOOD, BAD, BAD])
    with place.session_with_table() as session:
        session.run_untranslated(place.copy_statement(session, url, "maxerror 9"), {})
        [(query_id,)] = session.query("select pg_last_copy_id()")
        ask = "select line_number from sys_load_error_detail where query_id = $query_id"
        seconds, rows = awaited(lambda: session.query(ask, {"query_id": query_id}), 2)
    return f"{len(rows)} of 2 errors after {seconds:.1f} s"


def lines_scanned(place: Place) -> str:
    """What does lines_scanned of sys_load_detail count in JSON: records, or lines?"""
    files = {
        "3 records on 3 lines": ([GOOD] * 3, "\n"),
        "the same without the last newline": ([GOOD] * 3, ""),
        "3 records on 1 line": ([GOOD + GOOD + GOOD], "\n"),
        "1 record on 3 lines": (['{"a":', '"x", "n":', "1}"], "\n"),
    }
    names = {place.put(f"lines/{n}.json", *file): what for n, (what, file) in enumerate(files.items())}
    with place.session_with_table() as session:
        prefix = f"{place.store.location}/probes/lines/"
        session.run_untranslated(place.copy_statement(session, prefix), {})
        [(query_id, loaded)] = session.query("select pg_last_copy_id(), pg_last_copy_count()")
        ask = "select trim(file_name), lines_scanned from sys_load_detail where query_id = $query_id order by 1"
        _, rows = awaited(lambda: session.query(ask, {"query_id": query_id}), len(files))
    counts = [f"{names.get(name, name)}: {count}" for name, count in rows]
    return "; ".join([f"{loaded} records loaded", *counts])


def nul_in_text(place: Place) -> str:
    r"""What does COPY make of \u0000 within a text?"""
    url = place.put("nul.json", [r'{"a": "x\u0000y", "n": 1}'])
    with place.session_with_table() as session:
        session.run_untranslated(place.copy_statement(session, url, "maxerror 9"), {})
        if rows := session.query("select octet_length(a), replace(a, 'y', 'z') from probe"):
            return f"a text of {rows[0][0]} bytes, {rows[0][1]!r} with z for y"
        [(query_id,)] = session.query("select pg_last_copy_id()")
        ask = "select error_code, trim(error_message) from sys_load_error_detail where query_id = $query_id"
        _, errors = awaited(lambda: session.query(ask, {"query_id": query_id}), 1)
    return f"the record is refused: {errors}"


def timeout_of_copy(place: Place) -> str:
    """Does statement_timeout end a COPY?"""
    url = place.put("long.json", [GOOD] * RECORDS_IN_TIME)
    with place.session_with_table() as session:
        copy = place.copy_statement(session, url)
        session.execute(f"set statement_timeout to {SHORT_TIMEOUT}")
        seconds, refused = refusal(session, copy)
        session.execute("set statement_timeout to 0")
        [(rows,)] = session.query("select count(*) from probe")
    return f"{SHORT_TIMEOUT} ms: {refused or 'it ran to its end'} after {seconds:.1f} s, {rows:,} rows loaded"


def parquet_of_duckdb(place: Place) -> str:
    """Does COPY read every value of a Parquet file that DuckDB has written?"""
    columns = "a bigint, n integer, t varchar(100), d double precision, m timestamp"
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as database:
        path = Path(folder) / "rows.parquet"
        database.execute(f"create table rows ({columns})")
        database.executemany("insert into rows values (?, ?, ?, ?, ?)", PARQUET_ROWS)
        database.execute(f"copy rows to {sql_queries.literal(str(path))} (format parquet)")
        url = place.store.put_file("probes/rows.parquet", path)
    with place.session() as session:
        session.execute(f"create temporary table probe_parquet ({columns})")
        role = sql_queries.literal(place.cluster.role)
        session.execute(f"copy probe_parquet from {sql_queries.literal(url)} iam_role {role} format as parquet")
        rows = session.query("select a, n, t, d, m from probe_parquet order by a desc")
    return "every value as it was written" if rows == PARQUET_ROWS else f"{rows} instead of {PARQUET_ROWS}"
