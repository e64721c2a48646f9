"""What a load warns of though it loads it: logs that became shorter, and times that cannot be right."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from harness.records import event, lines
from harness.warehouse import Sparkify

ON_BOTH = pytest.mark.parametrize("sparkify", ["duckdb", "redshift"], indirect=True)
NOW = int(datetime.now(UTC).timestamp() * 1000)
DAY = 86_400_000


def plays(count: int, **changes: Any) -> str:
    return lines([event(itemInSession=n, **changes) for n in range(count)])


def warned(sparkify: Sparkify) -> list[str]:
    """The warnings of a load, which stderr has as well."""
    outcome = sparkify.etl("--json")
    assert outcome.exit_code == 0, outcome.err
    warnings: list[str] = json.loads(outcome.out)["warnings"]
    assert [f"warning: {text}" for text in warnings] == [
        line for line in outcome.err.splitlines() if line.startswith("warning: ")
    ]
    return warnings


@ON_BOTH
def test_a_log_that_is_replaced_by_a_shorter_one_is_named_with_both_counts(sparkify: Sparkify) -> None:
    sparkify.put("log_data/a.json", plays(135))
    assert warned(sparkify) == []
    sparkify.put("log_data/a.json", plays(5))
    [warning] = warned(sparkify)
    assert warning.startswith(f"{sparkify.store}/log_data/a.json: delivered again with 5 records, and with 135 before;")
    assert "events do not retract" in warning
    assert sparkify.query("select count(*) from songplays") == [(135,)]
    sparkify.put("log_data/a.json", plays(6))
    assert warned(sparkify) == [], "it is compared with its latest delivery"


def test_an_emptied_log_of_other_events_and_a_longer_one_are_told_apart(sparkify: Sparkify) -> None:
    sparkify.put("log_data/a.json", plays(3))
    sparkify.put("log_data/b.json", plays(3, sessionId=2))
    sparkify.loaded()
    sparkify.put("log_data/a.json", plays(4))
    sparkify.put("log_data/b.json", plays(3, sessionId=3))
    assert warned(sparkify) == []


def test_of_many_shorter_logs_the_first_are_named_and_the_others_counted(sparkify: Sparkify) -> None:
    for n in range(8):
        sparkify.put(f"log_data/{n}.json", plays(2, sessionId=n))
    sparkify.loaded()
    for n in range(8):
        sparkify.put(f"log_data/{n}.json", plays(1, sessionId=n))
    *named, rest = warned(sparkify)
    assert [warning.partition(":")[0] for warning in named] == [f"bucket/log_data/{n}.json" for n in range(5)]
    assert rest == "3 more logs became shorter in the same way"


def test_a_batch_that_is_rolled_back_warns_of_nothing(sparkify: Sparkify) -> None:
    sparkify.put("log_data/a.json", plays(3))
    sparkify.loaded()
    sparkify.put("log_data/a.json", plays(1) + "\nbad")
    outcome = sparkify.etl("--json")
    assert (outcome.exit_code, json.loads(outcome.out)["warnings"]) == (1, [])


WRONG_TIMES = {
    "one in seconds": (
        [1542845032796] * 3 + [1542845032],
        "1 event of 1970-01-18 20:34:05 UTC, as if `ts` were in seconds",
    ),
    "all in seconds": (
        [1542845032, 1542845033],
        "2 events of 1970-01-18 20:34:05 to 1970-01-18 20:34:05 UTC, as if",
    ),
    "one from the future": ([NOW - DAY] * 3 + [NOW + 2 * DAY], "1 event of "),
    "all from the future": ([NOW * 10] * 2, "later than now; look at the clock"),
    "one long before": (
        [1542845032796] * 3 + [1142845032796],
        "1 event of 2006-03-20 08:57:12 UTC, over 5 years away",
    ),
    "one long after": (
        [1142845032796] * 3 + [1542845032796],
        "1 event of 2018-11-22 00:03:52 UTC, over 5 years away",
    ),
}
"""Times of the events of a log, and what the warning says of them."""


def put_logs(sparkify: Sparkify, times: dict[str, list[int]]) -> None:
    """Put the times into logs, each in a session of its own; a load reads each log by itself, as a batch."""
    sparkify.configure(BATCH_SIZE="1 B", MAX_ERRORS=1)
    for session, (name, all_ts) in enumerate(times.items()):
        events = [event(sessionId=session, itemInSession=n, ts=ts) for n, ts in enumerate(all_ts)]
        sparkify.put(f"log_data/{name}.json", lines(events) or "{}")


@ON_BOTH
def test_events_at_a_time_that_cannot_be_right_are_loaded_with_a_warning(sparkify: Sparkify) -> None:
    put_logs(sparkify, {name: times for name, (times, _) in WRONG_TIMES.items()})
    warnings = warned(sparkify)
    assert len(warnings) == len(WRONG_TIMES)
    for name, (_, words) in WRONG_TIMES.items():
        [warning] = [each for each in warnings if each.startswith(f"{sparkify.store}/log_data/{name}.json: ")]
        assert words in warning
    plays = sum(len(times) for times, _ in WRONG_TIMES.values())
    assert sparkify.query("select count(*) from songplays") == [(plays,)]


def test_times_that_can_be_right_warn_of_nothing(sparkify: Sparkify) -> None:
    times = {
        "now": [NOW, NOW + DAY // 2],
        "within five years": [1542845032796, 1542845032796 - 4 * 365 * DAY, 1542845032796 + 4 * 365 * DAY],
        "all long ago": [1142845032796] * 3,
        "none": [],
    }
    put_logs(sparkify, times)
    assert warned(sparkify) == []
    assert len(sparkify.history()) == len(times)


def test_of_a_batch_of_several_logs_the_batch_is_named(sparkify: Sparkify) -> None:
    sparkify.put("log_data/a.json", plays(3))
    sparkify.put("log_data/b.json", plays(1, ts=1542845032, page="Home"))
    [warning] = warned(sparkify)
    assert warning.startswith("batch 1: 1 event of 1970-01-18 ")


def test_the_slack_of_a_clock_is_a_day(sparkify: Sparkify) -> None:
    ahead = datetime.now(UTC) + timedelta(hours=25)
    sparkify.put("log_data/a.json", plays(1, ts=int(ahead.timestamp() * 1000)))
    assert len(warned(sparkify)) == 1
