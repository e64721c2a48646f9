"""`etl --since` lists new logs alone, says so, and misses nothing that the next whole run does not load."""

import json
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness import oracle
from harness.records import event, lines, song
from harness.rows import assert_is
from harness.s3_double import S3Double
from harness.warehouse import Sparkify

OLD = ["2017/12/old.json", "2018/10/old.json", "dt=2018-11-04/old.json"]
NEW = ["2018/11/05-new.json", "dt=2018-11-05/new.json", "2019/01/new.json", "undated.json", "app=web/undated.json"]
EVENTS = {key: event(ts=number, sessionId=number) for number, key in enumerate([*OLD, *NEW], 1)}
LEFT_OUT = "not listed: songs, and 3 folders of days before 2018-11-05; `sparkify etl` without --since loads"


@pytest.fixture
def logs(sparkify: Sparkify) -> Sparkify:
    """A warehouse beside a song, and logs of several years."""
    sparkify.put("song_data/A/a.json", lines([song()]))
    for key, record in EVENTS.items():
        sparkify.put(f"log_data/{key}", lines([record]))
    return sparkify


def loaded_keys(sparkify: Sparkify) -> set[str]:
    return {key for (key,) in sparkify.query("select object_key from load_history")}


def test_only_logs_of_the_day_or_later_are_loaded_and_the_next_whole_run_loads_the_rest(logs: Sparkify) -> None:
    limited = logs.loaded("--since", "2018-11-05")
    assert loaded_keys(logs) == {*NEW}
    assert LEFT_OUT in limited.out
    assert "list bucket/log_data since 2018-11-05" in limited.err
    assert "song_data" not in limited.err

    again = logs.loaded("--since", "2018-11-05").out.splitlines()
    assert again[0].startswith("nothing new: all 5 logs that were listed are loaded; ")
    assert again[1].startswith(LEFT_OUT)
    whole = logs.loaded().out
    assert "not listed" not in whole
    assert loaded_keys(logs) == {*EVENTS, "A/a.json"}
    assert_is(logs.star(), oracle.warehouse({"A/a.json": [song()]}, EVENTS.values()))


def test_a_failure_of_a_whole_run_stays_until_the_next_whole_run(logs: Sparkify) -> None:
    logs.put("song_data/A/b.json", "no JSON\n")
    assert logs.etl().exit_code == 1
    logs.loaded("--since", "2018-11-05")
    status = logs.command("status")
    assert status.exit_code == 4
    assert "the last run that listed everything and ended is run 1, which failed" in status.err
    logs.remove("song_data/A/b.json")
    logs.loaded()
    logs.loaded("--since", "2018-11-05")
    assert logs.command("status").exit_code == 0


def test_a_run_of_some_logs_that_fails_is_told_until_the_next_run(logs: Sparkify) -> None:
    logs.loaded()
    bad = logs.put("log_data/2018/11/30/bad.json", "no JSON\n")
    assert logs.etl("--since", "2018-11-05").exit_code == 1
    status = logs.command("status")
    assert status.exit_code == 4
    assert "the last run that ended is run 2, which failed" in status.err
    bad.unlink()
    logs.loaded("--since", "2018-11-05")
    assert logs.command("status").exit_code == 0


@pytest.mark.parametrize("song_data", ["bucket/log_data", "bucket/log_data/2018", "bucket"])
def test_logs_that_lie_among_the_songs_are_refused_though_songs_are_not_listed(song_data: str, logs: Sparkify) -> None:
    logs.configure(songs=song_data)
    refused = logs.etl("--since", "2018-11-05")
    assert refused.exit_code == 2
    assert "lies below LOG_DATA and below SONG_DATA" in refused.err


@pytest.mark.parametrize("sparkify", ["redshift"], indirect=True)
def test_in_redshift_it_loads_the_same(logs: Sparkify) -> None:
    logs.loaded("--since", "2018-11-05")
    assert loaded_keys(logs) == {*NEW}
    assert logs.loaded("--since", "2018-11-05").out.startswith("nothing new: all 5 logs that were listed are loaded; ")
    logs.loaded()
    assert_is(logs.star(), oracle.warehouse({"A/a.json": [song()]}, EVENTS.values()))


def test_programs_are_told_from_which_day_on_was_listed(logs: Sparkify) -> None:
    plan = json.loads(logs.loaded("--since", "2018-11-05", "--dry-run", "--json").out)
    assert (plan["since"], plan["folders_left_out"]) == ("2018-11-05", 3)
    [batch] = plan["batches"]
    assert {each["object"] for each in batch} == {f"bucket/log_data/{key}" for key in NEW}
    done = json.loads(logs.loaded("--since", "2018-11-05", "--json").out)
    assert (done["since"], done["folders_left_out"], done["objects"]["new"]) == ("2018-11-05", 3, 5)
    done = json.loads(logs.loaded("--json").out)
    assert (done["since"], done["folders_left_out"], done["objects"]["new"]) == (None, 0, 4)


def test_a_dry_run_says_what_was_not_listed(logs: Sparkify) -> None:
    *_, total, limit = logs.loaded("--since", "2018-11-05", "--dry-run").out.splitlines()
    assert total.startswith("5 objects ")
    assert limit.startswith(LEFT_OUT)


def test_days_are_counted_back_from_today_in_utc(logs: Sparkify) -> None:
    today = datetime.now(UTC).date()
    for days in range(5):
        logs.put(f"log_data/{today - timedelta(days=days):%Y/%m/%d}/now.json", lines([event(ts=100 + days)]))
    logs.loaded("--since", "2d")
    now = {key for key in loaded_keys(logs) if key.endswith("now.json")}
    assert now == {f"{today - timedelta(days=days):%Y/%m/%d}/now.json" for days in range(3)}


def test_songs_that_are_not_listed_are_not_gone(logs: Sparkify) -> None:
    logs.loaded()
    logs.remove("song_data/A/a.json")
    logs.put("song_data/B/b.json", lines([song(song_id="SO2")]))
    logs.loaded("--since", "2018-11-05")
    assert json.loads(logs.command("status", "--json").out)["songs_gone"] == 0
    logs.loaded()
    assert json.loads(logs.command("status", "--json").out)["songs_gone"] == 1
    logs.loaded("--since", "2018-11-05")
    assert json.loads(logs.command("status", "--json").out)["songs_gone"] == 1


def test_a_log_that_changed_is_loaded_again(logs: Sparkify) -> None:
    logs.loaded()
    logs.put("log_data/2019/01/new.json", lines([event(ts=77)]))
    logs.put("log_data/2017/12/old.json", lines([event(ts=78)]))
    logs.loaded("--since", "2018-11-05")
    rows = logs.query("select object_key from load_history where run_id = 2")
    assert rows == [("2019/01/new.json",)]


def test_where_no_folder_is_of_earlier_days_the_run_says_so(logs: Sparkify) -> None:
    assert "no folder of logs says that it is of days before 2017-12-31" in logs.loaded("--since", "2017-12-31").out
    assert loaded_keys(logs) == {*EVENTS}


@pytest.mark.parametrize(
    ("day", "reason"),
    [
        ("3", "days as 3d, or a day such as 2018-11-01 are accepted"),
        ("yesterday", "days as 3d, or a day such as 2018-11-01 are accepted"),
        ("2018-11-31", "days as 3d, or a day such as 2018-11-01 are accepted"),
        ("-1d", "expected one argument"),
        ("99999999d", "days as 3d, or a day such as 2018-11-01 are accepted"),
        ("2999-01-01", "lies in the future; in UTC today is "),
    ],
)
def test_what_is_no_first_day_is_refused(day: str, reason: str, logs: Sparkify) -> None:
    outcome = logs.etl("--since", day)
    assert outcome.exit_code == 2
    assert reason in outcome.err


def test_where_redshift_copies_whole_prefixes_it_is_refused_before_anything_is_listed(sparkify: Sparkify) -> None:
    sparkify.config.write_text(
        "[S3]\nLOG_DATA = s3://a/logs\nSONG_DATA = s3://a/songs\nLOG_JSONPATH = s3://a/paths.json\n"
        "[CLUSTER]\nHOST = nobody.test\nDB_NAME = dev\nDB_USER = me\nDB_PASSWORD = secret\n"
        "[IAM_ROLE]\nARN = arn:aws:iam::123456789012:role/r\n"
    )
    outcome = sparkify.etl("--since", "3d")
    outcome.refusal(2, "--since cannot be used", "[S3] WORK is not set", "set WORK, or load without --since")


@pytest.mark.parametrize("since", [(), ("--since", "2018-11-05")])
def test_a_location_that_holds_nothing_is_an_error_in_both_ways(
    since: tuple[str, ...], double: S3Double, sparkify: Sparkify
) -> None:
    double.buckets["music"]["song_data/a.json"] = lines([song()]).encode()
    sparkify.configure(store="s3://music")
    outcome = sparkify.etl(*since)
    assert outcome.exit_code == 3
    assert "no object lies below this prefix" in outcome.err


# ---------------------------------------------------------------- requests


@pytest.fixture
def in_s3(sparkify: Sparkify, double: S3Double) -> Sparkify:
    """The same in S3, with a log for each day of two years, and forty songs."""
    first = datetime(2017, 1, 1, tzinfo=UTC)
    objects = double.buckets["music"]
    for n in range(2 * 365):
        objects[f"log_data/{first + timedelta(days=n):%Y/%m/%d/%H}.json"] = lines([event(ts=n)]).encode()
    for n in range(40):
        objects[f"song_data/{chr(65 + n % 26)}/{n}.json"] = lines([song(song_id=f"SO{n}")]).encode()
    sparkify.configure(store="s3://music")
    return sparkify


def test_requests_follow_what_is_new(in_s3: Sparkify, double: S3Double) -> None:
    in_s3.loaded("--since", "2018-12-29", "--quiet")
    prefixes = sorted(request.query["prefix"] for request in double.requests if request.is_list)
    days = [f"log_data/2018/12/{day}/" for day in (29, 30, 31)]
    assert prefixes == ["log_data/", "log_data/2018/", "log_data/2018/12/", *days]
    assert loaded_keys(in_s3) == {f"2018/12/{day}/00.json" for day in (29, 30, 31)}
    assert sum(request.is_get for request in double.requests) == 3 + 1, "a GET for each log and the JSONPaths file"


def test_where_all_is_of_earlier_days_there_is_nothing_to_load(in_s3: Sparkify, double: S3Double) -> None:
    out = in_s3.loaded("--since", "2019-01-01").out
    assert out.startswith("no objects to load; ")
    assert "not listed: songs, and 2 folders of days before 2019-01-01" in out
    assert [request.query["prefix"] for request in double.requests if request.is_list] == ["log_data/"]


# ---------------------------------------------------------------- any order of runs

MONTHS = [f"{year}/{month:02}" for year in (2017, 2018) for month in range(1, 13)]
KEYS = st.sampled_from([*(f"{month}/log.json" for month in MONTHS), "a.json", "dt=2018-02-03/b.json"])
DAYS = st.dates(date(2017, 1, 1), date(2018, 12, 31))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=5)
@given(deliveries=st.lists(st.tuples(st.sets(KEYS, max_size=6), DAYS), min_size=1, max_size=3))
def test_after_a_whole_run_the_warehouse_is_the_same_whatever_was_loaded_before(
    deliveries: list[tuple[set[str], date]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    sparkify = Sparkify(tmp_path_factory.mktemp("runs") / "sparkify").with_tables()
    logs = defaultdict[str, list[Any]](list)
    count = 0
    sparkify.put("log_data/always.json", lines([event()]))
    for keys, since in deliveries:
        for key in keys:
            count += 1
            logs[key].append(event(ts=count, sessionId=count))
            sparkify.put(f"log_data/{key}", lines(logs[key]))
            sparkify.put(f"song_data/{count}.json", lines([song(song_id=f"SO{count}")]))
        sparkify.loaded("--since", str(since))
    sparkify.put("song_data/last.json", lines([song()]))
    sparkify.loaded()
    expected = Sparkify(tmp_path_factory.mktemp("once") / "sparkify").with_tables()
    expected.put_all(sparkify.bucket)
    expected.loaded()
    assert_is(sparkify.star(), expected.star())
