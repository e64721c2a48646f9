"""`sparkify status`, and what programs read of `doctor` and `check`: when logs arrived, what is held, how runs went."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from harness.engines import ENGINES
from harness.program import Outcome
from harness.records import event, lines, song
from harness.redshift import OnRedshift
from harness.warehouse import Sparkify
from sparkify import sql_queries
from sparkify.commands import status
from sparkify.errors import CheckError
from sparkify.health import Arrival, Health
from sparkify.words import counted

ON_BOTH = pytest.mark.parametrize("sparkify", ["duckdb", "redshift"], indirect=True)

TABLES = [
    "songplays",
    "page_views",
    "users",
    "songs",
    "artists",
    "time",
    "catalogue",
    "load_history",
    "rejected_records",
    "forgotten_users",
    "runs",
]


def filled(sparkify: Sparkify) -> Sparkify:
    """The warehouse after a run that loaded a song and two plays, and set one record aside."""
    sparkify.configure(MAX_ERRORS=1)
    sparkify.put("song_data/A/a.json", lines([song()]))
    sparkify.put("log_data/a.json", lines([event(), event(sessionId=2, ts=1542845033000)]) + "\nbad")
    sparkify.loaded()
    return sparkify


def found(sparkify: Sparkify) -> dict[str, Any]:
    """What status tells programs, however the last run ended: one line on stdout, and nothing else."""
    outcome = sparkify.command("status", "--json", "--allow-failed-run")
    assert outcome.exit_code == 0, outcome.err
    assert outcome.err == ""
    [line] = outcome.out.splitlines()
    read: dict[str, Any] = json.loads(line)
    return read


def message(sparkify: Sparkify) -> list[str]:
    """What status tells people, however the last run ended."""
    outcome = sparkify.command("status", "--allow-failed-run")
    assert outcome.exit_code == 0, outcome.err
    return outcome.out.splitlines()


def utc_now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


# ---------------------------------------------------------------- what it tells


@ON_BOTH
def test_json_has_the_fields_that_programs_rely_on(sparkify: Sparkify) -> None:
    before = utc_now()
    read = found(filled(sparkify))
    assert [*read] == [
        *("version", "ok", "warehouse", "now", "last_arrival", "age_seconds", "last_play", "tables", "rejected"),
        *("runs", "songs_gone", "bytes", "warnings"),
    ]
    assert (read["ok"], read["warnings"]) == (True, [])
    assert read["version"] == 1
    assert read["warehouse"].endswith(sparkify.database.name if sparkify.engine == "duckdb" else "")
    now = datetime.fromisoformat(read["now"])
    arrived = {kind: datetime.fromisoformat(at) for kind, at in read["last_arrival"].items()}
    assert {*arrived} == {"events", "songs"}
    assert all(before <= at <= now <= utc_now() for at in arrived.values())
    assert read["age_seconds"] == pytest.approx((now - arrived["events"]).total_seconds(), abs=0.001)
    assert read["last_play"] == "2018-11-22T00:03:53"
    assert read["tables"] == dict(zip(TABLES, (2, 0, 1, 1, 1, 2, 1, 2, 1, 0, 1), strict=True))
    assert read["rejected"] == 1
    [this] = read["runs"]
    times = [datetime.fromisoformat(this.pop(name)) for name in ("started_at", "finished_at")]
    assert before <= times[0] <= times[1] <= now
    assert this == {
        "run_id": 1,
        "status": "done",
        "events": 2,
        "plays_inserted": 2,
        "page_views_inserted": 0,
        "songs": 1,
        "rejected": 1,
        "texts_cleaned": 0,
        "events_forgotten": 0,
        "error": None,
    }
    assert read["bytes"] > 0


@ON_BOTH
def test_the_text_tells_the_same_to_people(sparkify: Sparkify) -> None:
    rows = {line[:16].strip(): line[16:].strip() for line in message(filled(sparkify))}
    assert rows["warehouse"].endswith("MB")
    assert rows["logs"].endswith(" s ago")
    assert rows["last play"] == "2018-11-22 00:03:53 UTC"
    assert rows["rejected"] == "1 record; `sparkify rejected` lists them"
    assert {table: rows[table] for table in TABLES} == {
        table: counted(count, "row") for table, count in zip(TABLES, (2, 0, 1, 1, 1, 2, 1, 2, 1, 0, 1), strict=True)
    }
    assert message(sparkify)[-1].endswith("s: 2 new plays, 1 song, 1 record rejected")


@ON_BOTH
def test_before_the_first_load_there_is_nothing_to_tell(sparkify: Sparkify) -> None:
    read = found(sparkify)
    assert (read["last_arrival"], read["age_seconds"], read["last_play"], read["runs"]) == ({}, None, None, [])
    assert set(read["tables"].values()) == {0}
    shown = message(sparkify)
    assert "logs              none arrived yet" in shown
    assert "last play         none" in shown
    assert "rejected          none" in shown
    assert shown[-1] == "no runs yet"


def test_the_size_is_that_of_the_file_and_its_log(sparkify: Sparkify) -> None:
    assert found(filled(sparkify))["bytes"] == sparkify.database.stat().st_size


@pytest.mark.parametrize("sparkify", ["redshift"], indirect=True)
def test_a_login_that_may_not_know_the_size_is_told_all_else(
    sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(sparkify, OnRedshift)
    as_owner = found(filled(sparkify))
    analyst = sparkify.stand_in.analyst
    sparkify.change(f"grant select on all tables in schema public to {analyst}")
    monkeypatch.setenv("DWH_CLUSTER_DB_USER", analyst)
    as_analyst = found(sparkify)
    assert (as_owner["bytes"] > 0, as_analyst["bytes"]) == (True, None)
    assert (as_analyst["tables"], as_analyst["runs"]) == (as_owner["tables"], as_owner["runs"])
    assert message(sparkify)[0].endswith(", size unknown")


# ---------------------------------------------------------------- the runs


@ON_BOTH
def test_a_run_that_failed_is_listed_with_its_reason(sparkify: Sparkify) -> None:
    sparkify.put("log_data/a.json", lines([event()]) + "\nbad \x1b[31m")
    assert sparkify.etl().exit_code == 1
    [run] = found(sparkify)["runs"]
    assert (run["status"], run["plays_inserted"]) == ("failed", 0)
    assert "log_data/a.json, line 2: is not JSON" in run["error"]
    last = message(sparkify)[-1]
    assert "  failed: " in last
    assert "log_data/a.json, line 2: is not JSON" in last
    assert "\x1b" not in last


@ON_BOTH
def test_a_run_that_goes_on_and_one_that_was_killed_are_told_apart(sparkify: Sparkify) -> None:
    filled(sparkify)
    sparkify.change("update runs set status = 'running', finished_at = null, batches = 0 where run_id = 1")
    [running] = found(sparkify)["runs"]
    assert (running["status"], running["finished_at"]) == ("running", None)
    assert message(sparkify)[-1].endswith(" UTC  running")
    sparkify.loaded()
    statuses = [(run["run_id"], run["status"]) for run in found(sparkify)["runs"]]
    assert statuses == [(2, "done"), (1, "killed")]
    assert message(sparkify)[-1].endswith(" UTC  killed")


def test_the_last_five_runs_are_listed_the_newest_first(sparkify: Sparkify) -> None:
    for _ in range(6):
        sparkify.loaded()
    assert [run["run_id"] for run in found(sparkify)["runs"]] == [6, 5, 4, 3, 2]
    assert [line.split()[:2] for line in message(sparkify)[-5:]] == [["run", str(n)] for n in (6, 5, 4, 3, 2)]


# ---------------------------------------------------------------- how old


def arrived_ago(sparkify: Sparkify, age: timedelta, kind: str = "events") -> None:
    sparkify.change(f"update load_history set loaded_at = timestamp '{utc_now() - age}' where kind = '{kind}'")


@ON_BOTH
def test_logs_that_are_too_old_end_with_exit_code_4_and_others_do_not(sparkify: Sparkify) -> None:
    filled(sparkify)
    arrived_ago(sparkify, timedelta(hours=26))
    late = sparkify.command("status", "--max-age", "26h")
    assert late.exit_code == 4
    assert "logs arrived 1 d 2 h ago, and --max-age allows 1 d 2 h" in late.err
    assert late.out.splitlines()[1].endswith("1 d 2 h ago"), "the status is printed too"
    for longer in ("1561min", "27h", "2d"):
        assert sparkify.command("status", "--max-age", longer).exit_code == 0
    for shorter in ("0s", "1559m", "1d"):
        assert sparkify.command("status", "--quiet", "--max-age", shorter).exit_code == 4


@ON_BOTH
def test_logs_that_never_arrived_are_too_old_whatever_is_allowed(sparkify: Sparkify) -> None:
    assert sparkify.command("status", "--max-age", "999999d").exit_code == 4
    sparkify.put("song_data/A/a.json", lines([song()]))
    sparkify.loaded()
    outcome = sparkify.command("status", "--max-age", "999999d", "--json")
    assert outcome.exit_code == 4
    assert "logs never arrived" in outcome.err
    assert json.loads(outcome.out)["ok"] is False
    assert [*json.loads(outcome.out)["last_arrival"]] == ["songs"]


def test_new_songs_make_old_logs_no_younger(sparkify: Sparkify) -> None:
    filled(sparkify)
    arrived_ago(sparkify, timedelta(days=3))
    sparkify.put("song_data/A/b.json", lines([song(song_id="SO2")]))
    sparkify.loaded()
    assert sparkify.command("status", "--max-age", "2d").exit_code == 4


def aged(age: timedelta | None) -> Health:
    now = datetime(2018, 12, 1)
    arrived = {} if age is None else {"events": Arrival(now - age, from_future=0, is_dated=True)}
    tables = dict.fromkeys(TABLES, 0)
    return Health("sparkify.duckdb", now, arrived, None, tables, [], ended=None, last_day=None, songs_gone=0, size=None)


def test_an_age_of_just_what_is_allowed_is_young_enough() -> None:
    limit = timedelta(hours=26)
    assert status.fault_of(aged(limit), limit, allow_failed_run=False) is None
    assert isinstance(
        status.fault_of(aged(limit + timedelta(microseconds=1)), limit, allow_failed_run=False), CheckError
    )
    assert isinstance(status.fault_of(aged(None), limit, allow_failed_run=False), CheckError)


@ON_BOTH
def test_a_load_from_the_future_is_late_however_much_is_allowed(sparkify: Sparkify) -> None:
    filled(sparkify)
    for change_clock in (
        "update load_history set loaded_at = timestamp '2235-01-01' where kind = 'events'",
        f"update load_history set loaded_at = timestamp '{utc_now()}'; "
        "update runs set started_at = timestamp '2235-01-01'",
    ):
        for statement in change_clock.split("; "):
            sparkify.change(statement)
        outcome = sparkify.command("status", "--max-age", "26h", "--json")
        assert outcome.exit_code == 4
        assert "later than now: a clock was wrong" in outcome.err
        read = json.loads(outcome.out)
        assert (read["ok"], read["age_seconds"]) == (False, None)
        assert any("loaded by a clock that was wrong" in warning for warning in read["warnings"])
    assert sparkify.command("status").exit_code == 0


def test_a_load_of_today_is_not_late_though_another_is_from_the_future(sparkify: Sparkify) -> None:
    filled(sparkify)
    sparkify.put("log_data/b.json", lines([event(sessionId=7)]))
    sparkify.loaded()
    sparkify.change("update load_history set loaded_at = timestamp '2235-01-01' where object like '%log_data/a.json'")
    outcome = sparkify.command("status", "--max-age", "1h", "--json")
    assert (outcome.exit_code, len(json.loads(outcome.out)["warnings"])) == (0, 1)


def test_a_clock_may_be_an_hour_ahead(sparkify: Sparkify) -> None:
    filled(sparkify)
    arrived_ago(sparkify, timedelta(minutes=-55))
    assert sparkify.command("status", "--max-age", "1h").exit_code == 0
    arrived_ago(sparkify, timedelta(minutes=-65))
    assert sparkify.command("status", "--max-age", "1h").exit_code == 4


# ---------------------------------------------------------------- the last run


@ON_BOTH
def test_a_last_run_that_failed_ends_with_exit_code_4_and_its_reason(sparkify: Sparkify) -> None:
    filled(sparkify)
    assert sparkify.command("status").exit_code == 0
    sparkify.put("log_data/b.json", "bad")
    sparkify.configure(MAX_ERRORS=0)
    assert sparkify.etl().exit_code == 1
    outcome = sparkify.command("status", "--json")
    assert outcome.exit_code == 4
    [line] = outcome.out.splitlines()
    read = json.loads(line)
    assert (read["ok"], read["exit_code"], read["tables"]["songplays"]) == (False, 4, 2)
    assert "run 2, which failed: " in read["error"]
    assert "log_data/b.json, line 1: is not JSON" in read["error"]
    assert read["error"] in outcome.err
    assert sparkify.command("status").out.splitlines()[0].startswith("warehouse")
    assert sparkify.command("status", "--allow-failed-run", "--max-age", "1h").exit_code == 0
    sparkify.put("log_data/b.json", lines([event(sessionId=3)]))
    sparkify.loaded()
    assert sparkify.command("status").exit_code == 0, "the next run that is well makes it good"


@ON_BOTH
def test_a_run_that_could_not_list_the_data_is_told(sparkify: Sparkify) -> None:
    filled(sparkify)
    sparkify.configure(songs=f"{sparkify.store}-which-is-not-there/song_data")
    assert sparkify.etl().exit_code == 3
    sparkify.configure()
    sparkify.loaded("--since", "2018-11-01")
    outcome = sparkify.command("status", "--json")
    assert outcome.exit_code == 4
    assert "is run 2, which failed: " in outcome.err
    assert "which-is-not-there" in json.loads(outcome.out)["runs"][-2]["error"]
    sparkify.loaded()
    assert sparkify.command("status").exit_code == 0


def test_a_last_run_that_was_killed_ends_with_exit_code_4_and_one_that_runs_does_not(sparkify: Sparkify) -> None:
    filled(sparkify)
    sparkify.loaded()
    sparkify.change("update runs set status = 'running', finished_at = null where run_id = 2")
    assert sparkify.command("status").exit_code == 0
    sparkify.change("update runs set status = 'killed' where run_id = 2")
    outcome = sparkify.command("status")
    assert outcome.exit_code == 4
    assert "run 2, which was killed" in outcome.err


def test_the_last_run_is_the_one_with_the_last_number_whatever_its_clock_said(sparkify: Sparkify) -> None:
    filled(sparkify)
    sparkify.loaded()
    sparkify.change(
        "update runs set status = 'failed', error = 'x', started_at = timestamp '2235-01-01' where run_id = 1"
    )
    assert sparkify.command("status").exit_code == 0
    read = json.loads(sparkify.command("status", "--json").out)
    assert [run["run_id"] for run in read["runs"]] == [2, 1]


# ---------------------------------------------------------------- a night with too few plays

MONDAYS = [int(datetime(2018, 11, day, 12, tzinfo=UTC).timestamp() * 1000) for day in (5, 12, 19, 26)]
FIFTH = int(datetime(2018, 12, 3, 12, tzinfo=UTC).timestamp() * 1000)


def plays_at(ts: int, count: int, page: str = "NextSong") -> list[dict[str, Any]]:
    return [event(ts=ts, sessionId=n, page=page) for n in range(count)]


@ON_BOTH
@pytest.mark.parametrize(
    ("usual", "last", "page", "is_poor"),
    [
        pytest.param(20, 9, "NextSong", True, id="less than half"),
        pytest.param(20, 10, "NextSong", False, id="half"),
        pytest.param(20, 20, "Home", True, id="a log without plays"),
        pytest.param(9, 1, "NextSong", False, id="too few to tell"),
    ],
)
def test_a_day_far_below_the_same_weekday_of_four_weeks_before_is_warned_of(
    usual: int, last: int, page: str, is_poor: bool, sparkify: Sparkify
) -> None:
    records = [record for monday in MONDAYS for record in plays_at(monday, usual)]
    sparkify.put("log_data/a.json", lines([*records, *plays_at(FIFTH, last, page)]))
    sparkify.loaded()
    outcome = sparkify.command("status", "--json")
    warnings = json.loads(outcome.out)["warnings"]
    assert outcome.exit_code == 0, "it is a warning"
    assert len(warnings) == is_poor
    if is_poor:
        plays = f"{last} plays" if page == "NextSong" else "0 plays"
        assert warnings[0].startswith(
            f"2018-12-03 has {plays}, and the same weekday of the four weeks before had 20 on"
        )
        assert f"warning: {warnings[0]}" in outcome.err


def test_a_warehouse_that_does_not_reach_back_four_weeks_has_no_usual_number(sparkify: Sparkify) -> None:
    records = [record for monday in MONDAYS[1:] for record in plays_at(monday, 40)]
    sparkify.put("log_data/a.json", lines([*records, *plays_at(FIFTH, 1)]))
    sparkify.loaded()
    assert found(sparkify)["warnings"] == []


def test_today_is_not_over_and_is_not_judged(sparkify: Sparkify) -> None:
    now = utc_now().replace(tzinfo=UTC)
    days = [now - timedelta(weeks=n) for n in range(5)]
    counts = [1, 40, 40, 40, 40]
    records = [
        record
        for day, count in zip(days, counts, strict=True)
        for record in plays_at(int(day.timestamp() * 1000), count)
    ]
    sparkify.put("log_data/a.json", lines(records))
    sparkify.loaded()
    assert found(sparkify)["warnings"] == []


@pytest.mark.parametrize(
    ("time", "words"),
    [
        (timedelta(0), "0 s"),
        (timedelta(seconds=-3), "0 s"),
        (timedelta(seconds=59.6), "1 min"),
        (timedelta(minutes=90), "1 h 30 min"),
        (timedelta(hours=26), "1 d 2 h"),
        (timedelta(days=400, hours=3, minutes=5), "400 d 3 h"),
    ],
)
def test_a_time_is_told_in_its_two_largest_units(time: timedelta, words: str) -> None:
    assert status.duration_in_words(time) == words


# ---------------------------------------------------------------- doctor and check


def as_json(outcome: Outcome) -> dict[str, Any]:
    """One line on stdout, which is one object."""
    [line] = outcome.out.splitlines()
    read: dict[str, Any] = json.loads(line)
    assert read["version"] == 1
    return read


@pytest.mark.parametrize("sparkify", ENGINES, indirect=True)
def test_doctor_tells_programs_what_it_tells_people(sparkify: Sparkify) -> None:
    sparkify.put("song_data/A/a.json", lines([song()]))
    sparkify.put("log_data/a.json", lines([event()]))
    for log_is_there in (True, False):
        if not log_is_there:
            sparkify.remove("log_data/a.json")
        shown, arguments = sparkify.command("doctor"), sparkify.command("doctor", "--json")
        assert (arguments.exit_code, arguments.err) == (shown.exit_code, shown.err)
        findings = as_json(arguments)["findings"]
        assert {tuple(finding) for finding in findings} == {("what", "is_good", "text")}
        signs = {True: "✓", False: "✗"}
        assert [f"{signs[each['is_good']]} {each['what']:<13}  {each['text']}" for each in findings] == (
            shown.out.splitlines()
        )
        assert all(finding["is_good"] for finding in findings) == log_is_there == (arguments.exit_code == 0)


@ON_BOTH
def test_check_tells_programs_which_checks_passed(sparkify: Sparkify) -> None:
    filled(sparkify)
    outcome = sparkify.command("check", "--json")
    assert (outcome.exit_code, outcome.err) == (0, "")
    read = as_json(outcome)
    assert [*read] == ["version", "ok", "warehouse", "passed", "warnings"]
    assert read["passed"] == sql_queries.names("checks")
    sparkify.change("delete from users")
    outcome = sparkify.command("check", "--json")
    assert outcome.exit_code == 4
    assert "check songplays_users: " in outcome.err
    read = as_json(outcome)
    assert (read["ok"], read["exit_code"], read["stays"]) == (False, 4, "nothing was changed")
    assert "songplays_users" not in read["passed"]
    [failed] = [check for check in read["failed"] if check["check"] == "songplays_users"]
    assert [user for _, user in failed["rows"]] == ["15", "15"]
    assert not failed["has_more"]
    assert failed["meaning"] in read["error"]
