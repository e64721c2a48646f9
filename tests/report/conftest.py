"""Reports that several tests read, made once for all tests of this process."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any

import pytest

from harness.engines import opened
from harness.records import event
from harness.redshift import Servers
from harness.report_page import Report, ReportOn, fill, hard_plays

PLAYS: dict[str, Callable[[], Sequence[Mapping[str, Any]]]] = {
    "none": list,
    "one": lambda: [event()],
    "hard": hard_plays,
}


@pytest.fixture(scope="session")
def report_in_duckdb(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReportOn]:
    with reports(request, "duckdb", tmp_path_factory) as report_on:
        yield report_on


@pytest.fixture(scope="session")
def report_in_redshift(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, servers: Servers
) -> Iterator[ReportOn]:
    assert servers, "they are asked for here so that they outlive the warehouses of the reports"
    with reports(request, "redshift", tmp_path_factory) as report_on:
        yield report_on


@contextmanager
def reports(
    request: pytest.FixtureRequest, engine: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ReportOn]:
    with ExitStack() as warehouses:

        @cache
        def report_on(plays: str) -> Report:
            folder = tmp_path_factory.mktemp("report") / "sparkify"
            sparkify = warehouses.enter_context(opened(request, engine, folder))
            fill(sparkify, PLAYS[plays]())
            return Report.made(sparkify)

        yield report_on
