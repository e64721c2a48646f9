"""Logs that are large enough to be read where they lie."""

import json

from harness import reading
from harness.records import many_events
from harness.warehouse import Sparkify

SIZE = 70_000
"""More than what goes by lines."""


def test_blank_lines_in_a_large_log_are_no_records(sparkify: Sparkify) -> None:
    events = many_events(SIZE)
    sparkify.put("log_data/a.json", "\n\r\n".join(events) + "\n\n")
    summary = json.loads(sparkify.etl("--json").out)
    assert summary["records"] == {"events": len(events), "events_forgotten": 0, "songs": 0, "rejected": 0}
    assert summary["plays"]["new"] == len(events)


def test_an_unknown_key_of_a_large_log_is_named(sparkify: Sparkify) -> None:
    sparkify.put("log_data/a.json", "\n".join(many_events(SIZE, device="phone")))
    assert json.loads(sparkify.etl("--json").out)["unknown_keys"] == ["device"]


def test_a_key_with_quotes_in_it_fills_its_column_from_a_large_log(sparkify: Sparkify) -> None:
    paths = ["$['the user\\'s \"level\"']" if key == "level" else f"$['{key}']" for key in reading.EVENT_KEYS]
    sparkify.put("log_json_path.json", json.dumps({"jsonpaths": paths}))
    lines = [line.replace('"level"', json.dumps('the user\'s "level"')) for line in many_events(SIZE)]
    sparkify.put("log_data/a.json", "\n".join(lines))
    sparkify.loaded()
    assert sparkify.query("select level, count(*) from songplays group by level") == [("paid", len(lines))]
