"""What COPY says, what its table gained and what the view of load errors explains must agree."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from harness.records import event
from harness.redshift import OnRedshift
from sparkify.engines.redshift import copy, load_errors, parts

GOOD = [json.dumps(event(ts=100 + n)) for n in range(10)]
BAD = json.dumps(event(ts=6, sessionId="abc"))
WAYS = pytest.mark.parametrize("way", ["joined", "copied where it lies", "prefix"])


@pytest.fixture
def warehouse(warehouse: OnRedshift, way: str, monkeypatch: pytest.MonkeyPatch) -> OnRedshift:
    """A warehouse whose bucket holds a log with a bad record, which comes to Redshift in some way."""
    monkeypatch.setattr(load_errors, "WAITS", (0.05, 0.1, 0.2, 0.5, 1.0, 2.0))
    if way == "copied where it lies":
        monkeypatch.setattr(parts, "LARGE", 400)
    if way == "prefix":
        warehouse.use(work="")
    warehouse.put("log_data/b.json", "\n".join([*GOOD, BAD]))
    warehouse.configure(MAX_ERRORS=3)
    return warehouse


@WAYS
def test_a_view_that_shows_the_errors_later_is_waited_for(warehouse: OnRedshift) -> None:
    warehouse.stand_in.report_loads(delay=0.3)
    warehouse.loaded()
    [(_, line, column, _, raw)] = warehouse.rejected()
    assert (line, column, raw) == (11, "session_id", BAD)


@WAYS
@pytest.mark.parametrize(
    ("reports", "numbers"),
    [
        ({"delay": None}, "loaded 13 records and refused 1; sys_load_error_detail explains 0"),
        ({"more_refused": 1}, "loaded 13 records and refused 2; sys_load_error_detail explains 1"),
        ({"more_refused": -1}, "loaded 13 records and refused 0; sys_load_error_detail explains 1"),
    ],
    ids=["the view stays empty", "COPY says more", "COPY says less"],
)
def test_numbers_that_disagree_stop_the_load(
    reports: dict[str, Any], numbers: str, warehouse: OnRedshift, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(load_errors, "WAITS", (0.01, 0.02))
    warehouse.remove("song_data/A/a.json")
    warehouse.stand_in.report_loads(**reports)
    warehouse.refused(4, numbers)


@WAYS
def test_a_copy_that_fails_is_explained_when_the_view_shows_why(warehouse: OnRedshift) -> None:
    warehouse.configure(MAX_ERRORS=0)
    warehouse.stand_in.report_loads(delay=0.3)
    outcome = warehouse.etl()
    assert outcome.exit_code == 1
    assert "session_id: is no whole number of 64 bits" in outcome.err


@WAYS
def test_records_that_copy_only_says_it_loaded_stop_the_load(way: str, warehouse: OnRedshift) -> None:
    warehouse.stand_in.report_loads(more_loaded=1)
    by_prefix = "the rows do not add up: 14 good events, but 13 staged events + 0 events of forgotten users"
    warehouse.refused(4, by_prefix if way == "prefix" else "COPY says that it loaded or refused 2 records, and 1 were")


@pytest.mark.parametrize("way", ["joined"])
def test_a_copy_that_does_not_say_how_much_it_loaded_is_asked(
    warehouse: OnRedshift, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(copy, "LOADED", re.compile("loaded (nothing that is said)"))
    warehouse.remove("log_data/b.json")
    warehouse.configure(MAX_ERRORS=0)
    warehouse.stand_in.forget()
    warehouse.loaded()
    assert warehouse.stand_in.statements().count("select pg_last_copy_count()") == 2
