"""A user who is forgotten is nowhere in the warehouse, and no delivery brings the user back."""

from __future__ import annotations

import json
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from harness import oracle
from harness.records import encoded_again, event, lines, song
from harness.redshift import OnRedshift
from harness.rows import assert_is
from harness.warehouse import Sparkify
from redshift_stand_in.faults import When
from sparkify import sql_queries, suspicions

ON_BOTH = pytest.mark.parametrize("sparkify", ["duckdb", "redshift"], indirect=True)

SONGS = {"song_data/A/a.json": [song()]}
TOGETHER = 1542845032796
"""A moment at which two users began a play."""

MINE = [
    event(userId="7", firstName="Zdenka", lastName="Vopat", sessionId=1, ts=TOGETHER),
    event(userId=7, firstName="Zdenka", lastName="Vopat", sessionId=1, itemInSession=1, ts=TOGETHER + 5000),
    event(userId="7 ", firstName="Zdenka", lastName="Vopat", sessionId=1, itemInSession=2, page="Upgrade"),
]
OTHERS = [
    event(sessionId=2, ts=TOGETHER),
    event(sessionId=2, itemInSession=1, ts=TOGETHER + 9000),
    event(sessionId=2, itemInSession=2, page="Home"),
    event(userId="77", sessionId=3, ts=TOGETHER + 1),
    event(userId="", firstName=None, lastName=None, sessionId=1, itemInSession=9, page="Login"),
]


def filled(sparkify: Sparkify) -> Sparkify:
    """A warehouse that holds a user among others."""
    sparkify.put("song_data/A/a.json", lines(SONGS["song_data/A/a.json"]))
    sparkify.put("log_data/a.json", lines([*MINE, *OTHERS]))
    sparkify.loaded()
    return sparkify


def forgotten(sparkify: Sparkify, user_id: str = "7", *options: str) -> dict[str, Any]:
    """Forget a user, who must be forgotten; what the command printed as JSON."""
    done = sparkify.command("forget", user_id, "--yes", "--json", *options)
    assert done.exit_code == 0, done.err
    printed: dict[str, Any] = json.loads(done.out)
    return printed


def assert_only_others_are_there(sparkify: Sparkify) -> None:
    assert_is(sparkify.star(), oracle.warehouse(SONGS, OTHERS))
    assert sparkify.command("check").exit_code == 0


@ON_BOTH
def test_a_forgotten_user_is_as_one_who_never_was(sparkify: Sparkify) -> None:
    filled(sparkify)
    printed = forgotten(sparkify)
    # The other play at the same moment keeps the moment, and the session keeps the event of nobody logged in.
    assert printed["removed"] == {
        "time": 1,
        "songplays": 2,
        "page_views": 1,
        "users": 1,
        "rejected_texts": 0,
        "run_errors": 0,
    }
    assert printed["was_forgotten"] is False
    assert_only_others_are_there(sparkify)


@ON_BOTH
def test_the_same_logs_again_do_not_bring_the_user_back_and_the_events_are_counted(sparkify: Sparkify) -> None:
    forgotten(filled(sparkify))
    sparkify.put("log_data/again.json", lines([*OTHERS, *MINE]))
    sparkify.put("log_data/alone.json", lines(MINE))
    done = sparkify.loaded()
    assert "6 events of forgotten users left out" in done.out
    assert_only_others_are_there(sparkify)
    [run] = sparkify.query(
        "select events, events_forgotten, plays_staged, page_views_staged from runs order by run_id desc limit 1"
    )
    assert run == (5, 6, 3, 2)
    assert sparkify.history()["log_data/alone.json"] == (3, 3, 0)
    assert "6 events of forgotten users left out" in sparkify.command("status").out


@ON_BOTH
def test_a_user_can_be_forgotten_before_anything_of_the_user_arrives(sparkify: Sparkify) -> None:
    done = sparkify.command("forget", "7", "--yes")
    assert done.exit_code == 0, done.err
    assert done.out.startswith("the warehouse held nothing of this user\nthe user is forgotten in ")
    filled(sparkify)
    assert_only_others_are_there(sparkify)
    again = sparkify.command("forget", "7", "--yes")
    assert again.out.startswith("the user was forgotten before, and nothing more was there\n")
    assert sparkify.query("select count(*) from forgotten_users") == [(1,)]


@ON_BOTH
@pytest.mark.parametrize("typed", ["Zoé", "Zoé  ", encoded_again("Zoé"), encoded_again("Zoé", 2)])
def test_an_id_is_cleaned_as_those_of_the_logs_are(typed: str, sparkify: Sparkify) -> None:
    ids = ("Zoé", "Zoé ", encoded_again("Zoé"), encoded_again("Zoé", 2) + " ")
    mine = [event(userId=user_id, sessionId=n, ts=TOGETHER + n) for n, user_id in enumerate(ids)]
    sparkify.put("log_data/a.json", lines(mine))
    sparkify.loaded()
    assert forgotten(sparkify, typed)["removed"]["songplays"] == 4
    sparkify.put("log_data/b.json", lines([*mine, event(sessionId=9)]))
    sparkify.loaded()
    assert sparkify.query("select user_id from events") == [("15",)]


@ON_BOTH
def test_the_id_is_not_kept_and_all_digests_share_a_salt(sparkify: Sparkify) -> None:
    filled(sparkify)
    for user_id in ("7", "77", "a user that never was"):
        forgotten(sparkify, user_id)
    rows = sparkify.query("select salt, user_digest, md5(salt || '77') from forgotten_users")
    assert {len(salt) for salt, _, _ in rows} == {32}
    assert len({salt for salt, _, _ in rows}) == 1
    assert len({digest for _, digest, _ in rows}) == 3
    assert rows[0][2] in {digest for _, digest, _ in rows}
    assert "7" not in {value for row in rows for value in row}


# ---------------------------------------------------------------- texts that tell of the user

BAD = event(userId="7", sessionId="none", firstName="Zdenka")
BAD_TEXTS = {
    "whole": json.dumps(BAD),
    "a number": json.dumps(BAD | {"userId": 7}),
    "spaced, and escaped": json.dumps(BAD).replace('"userId": "7"', '"userId"  :  "\\u0037 "'),
    "under another key": json.dumps({"sessionId": "none", "who": {"ids": ["7"]}, "firstName": "Zdenka"}),
    "given twice": json.dumps(BAD)[:-1] + ', "userId": "8"}',
    "cut": json.dumps({"userAgent": "x" * 1000} | BAD),
    "broken": '{"firstName": "Zdenka", "userId": ',
    "broken without a name": "no record",
}
OTHERS_BAD = {
    "of another": json.dumps(BAD | {"userId": "77", "firstName": "Ada"}),
    "of nobody": json.dumps(BAD | {"userId": None, "firstName": None}),
}


@ON_BOTH
@pytest.mark.parametrize("is_later", [False, True])
def test_the_texts_of_rejected_records_that_may_be_the_users_are_removed(is_later: bool, sparkify: Sparkify) -> None:
    sparkify.configure(MAX_ERRORS=100)
    if is_later:
        forgotten(sparkify)
    texts = [*BAD_TEXTS.values(), *OTHERS_BAD.values()]
    sparkify.put("log_data/a.json", "\n".join([json.dumps(OTHERS[0]), *texts]))
    sparkify.loaded()
    if not is_later:
        assert forgotten(sparkify)["removed"]["rejected_texts"] == len(BAD_TEXTS)
    records = sparkify.query("select line, reason, raw_text from rejected_records order by line")
    assert [text for _, _, text in records if text] == [*OTHERS_BAD.values()]
    assert [line for line, _, text in records if not text] == [*range(2, 2 + len(BAD_TEXTS))]
    assert all(reason for _, reason, _ in records)
    assert "COPY says" not in "".join(reason for _, reason, text in records if not text)
    assert sparkify.history()["log_data/a.json"] == (11, 1, 10)
    staged = "select count(*) from staging_area.staging_rejected_records where raw_text like '%Zdenka%'"
    assert sparkify.engine != "duckdb" or sparkify.query(staged) == [(0,)]
    assert "Zdenka" not in sparkify.command("rejected", "--raw").out
    assert sparkify.command("check").exit_code == 0


@ON_BOTH
def test_many_rejected_records_keep_what_is_of_others(sparkify: Sparkify) -> None:
    sparkify.configure(MAX_ERRORS=1000)
    others = [json.dumps(event(userId="77", sessionId="none", itemInSession=1000 + n)) for n in range(150)]
    sparkify.put("log_data/a.json", "\n".join([*others, json.dumps(BAD)]))
    sparkify.loaded()
    before = sparkify.query("select * from rejected_records where raw_text not like '%Zdenka%'")
    forgotten(sparkify)
    assert len(before) == 150
    assert sorted(sparkify.query("select * from rejected_records where raw_text <> ''")) == sorted(before)


@ON_BOTH
def test_the_reason_why_a_run_failed_quotes_no_record(sparkify: Sparkify) -> None:
    sparkify.put("log_data/a.json", json.dumps(BAD))
    failed = sparkify.etl()
    assert "Zdenka" in failed.err
    [(error,)] = sparkify.query("select error from runs")
    assert "Zdenka" not in error
    assert "COPY says" not in error
    assert "log_data/a.json, line 1, column session_id: " in error
    assert "[ETL] MAX_ERRORS allows 0" in error


@ON_BOTH
def test_the_reasons_of_failed_runs_that_may_tell_of_the_user_are_removed(sparkify: Sparkify) -> None:
    reasons = {
        1: "check users_unique: …\n    7, 2",
        2: 'a.json, line 1: is not JSON: {"firstName": "Zdenka"\n1 bad record, and [ETL] MAX_ERRORS allows 0: …',
        3: "77: a missing bucket",
    }
    for run_id in reasons:
        sparkify.put(f"log_data/{run_id}.json", lines(OTHERS))
        sparkify.loaded()
    for run_id, error in reasons.items():
        sparkify.change(
            f"update runs set status = 'failed', error = '{error}', events_forgotten = null where run_id = {run_id}"
        )
    assert forgotten(sparkify)["removed"]["run_errors"] == 2
    assert sparkify.query("select error from runs order by run_id") == [
        ("removed when a user was forgotten",),
        ("removed when a user was forgotten",),
        ("77: a missing bucket",),
    ]
    assert forgotten(sparkify)["removed"]["run_errors"] == 0


# ---------------------------------------------------------------- loads, older warehouses, questions


@pytest.mark.parametrize("sparkify", ["redshift"], indirect=True)
def test_a_run_that_had_staged_the_events_before_does_not_bring_them_back(
    sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    sparkify.configure(MAX_ERRORS=1)
    sparkify.put("song_data/A/a.json", lines(SONGS["song_data/A/a.json"]))
    sparkify.put("log_data/a.json", "\n".join([lines([*MINE, *OTHERS]), json.dumps(BAD)]))
    shorter_logs = suspicions.shorter_logs
    asked: list[bool] = []

    def forget_meanwhile(*arguments: Any) -> list[str]:
        asked.append(forgotten(sparkify)["was_forgotten"])
        return shorter_logs(*arguments)

    monkeypatch.setattr(suspicions, "shorter_logs", forget_meanwhile)
    sparkify.loaded()
    assert asked == [False]
    assert_only_others_are_there(sparkify)
    assert sparkify.query("select events_forgotten from runs") == [(3,)]
    assert sparkify.query("select count(*) from rejected_records where raw_text <> ''") == [(0,)]


@pytest.mark.parametrize("sparkify", ["redshift"], indirect=True)
@pytest.mark.parametrize(
    ("statement", "when", "is_forgotten", "stays"),
    [
        ("^delete from users", "before", False, "nothing was changed"),
        ("^insert into forgotten_users", "after", False, "nothing was changed"),
        ("^commit", "before", False, "nothing was changed"),
        ("^commit", "after", True, "the user is forgotten, and no load brings the rows back; "),
    ],
)
def test_a_connection_that_is_lost_leaves_all_or_nothing_and_the_message_says_which(
    statement: str, when: When, is_forgotten: bool, stays: str, sparkify: Sparkify
) -> None:
    assert isinstance(sparkify, OnRedshift)
    filled(sparkify)
    before = sparkify.content()
    sparkify.stand_in.arm("drop", 1, when, matching=statement)
    done = sparkify.command("forget", "7", "--yes")
    assert done.exit_code == 1
    assert done.err.splitlines()[-1].startswith(stays)
    assert (sparkify.content() != before) == is_forgotten
    forgotten(sparkify)
    assert_only_others_are_there(sparkify)


@pytest.mark.parametrize("sparkify", ["redshift without WORK"], indirect=True)
def test_a_prefix_that_is_read_whole_again_does_not_bring_the_user_back(sparkify: Sparkify) -> None:
    filled(sparkify)
    forgotten(sparkify)
    sparkify.put("log_data/b.json", lines(MINE))
    assert "6 events of forgotten users left out" in sparkify.loaded().out
    assert_only_others_are_there(sparkify)


@ON_BOTH
def test_a_warehouse_of_version_4_is_brought_up_and_can_forget(sparkify: Sparkify) -> None:
    filled(sparkify)
    before = sparkify.star()
    sparkify.change(
        "drop table forgotten_users",
        *(f"alter table runs drop column {name}" for name in ("events_forgotten", "plays_change", "matched_change")),
        "update warehouse set version = 4",
    )
    assert sparkify.command("forget", "7", "--yes").refusal(2, "a warehouse of version 4", "run sparkify create-tables")
    done = sparkify.command("create-tables")
    assert done.out.strip().endswith("up from version 4 to 6; all that they held is kept")
    assert sparkify.star() == before
    assert sparkify.query("select events_forgotten from runs") == [(None,)]
    assert sparkify.loaded().out.startswith("nothing new")
    forgotten(sparkify)
    sparkify.put("log_data/b.json", lines(MINE))
    sparkify.loaded()
    assert_only_others_are_there(sparkify)


class Terminal(StringIO):
    """A terminal at which somebody types an answer."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("answer", "exit_code"), [("n\n", 2), ("", 2), ("yes\n", 0)])
def test_forget_asks_before_it_deletes(
    answer: str, exit_code: int, sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(sparkify)
    before = sparkify.content()
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    done = sparkify.command("forget", "7")
    assert done.exit_code == exit_code
    assert f"Delete all that {sparkify.database} holds of user 7, for good? [y/N]" in done.err
    assert (sparkify.content() == before) == (exit_code == 2)


def test_forget_deletes_nothing_where_nobody_can_be_asked(sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(sparkify)
    before = sparkify.content()
    monkeypatch.setattr(sys, "stdin", StringIO("y\n"))
    sparkify.command("forget", "7").refusal(2, "add --yes to say that you mean it")
    assert sparkify.content() == before


@pytest.mark.parametrize(("user_id", "words"), [("   ", "blanks are none"), ("\udcff", "it is not UTF-8")])
def test_an_id_that_nobody_can_have_is_refused(user_id: str, words: str, sparkify: Sparkify) -> None:
    done = sparkify.command("forget", user_id, "--yes")
    assert (done.exit_code, words in done.err) == (2, True)


@ON_BOTH
def test_a_check_that_fails_undoes_all(sparkify: Sparkify) -> None:
    filled(sparkify)
    sparkify.change("delete from users where user_id = '15'")
    before = sparkify.content()
    done = sparkify.command("forget", "7", "--yes")
    assert done.exit_code == 4
    assert "check songplays_users: " in done.err
    assert done.err.splitlines()[-1] == "nothing was changed"
    assert sparkify.content() == before


def test_a_drop_loses_who_was_forgotten(sparkify: Sparkify) -> None:
    forgotten(filled(sparkify))
    assert sparkify.command("create-tables", "--drop", "--yes").exit_code == 0
    assert sparkify.query("select count(*) from forgotten_users") == [(0,)]
    sparkify.loaded()
    assert_is(sparkify.star(), oracle.warehouse(SONGS, [*MINE, *OTHERS]))


def test_what_is_printed_names_no_id(sparkify: Sparkify, tmp_path: Path) -> None:
    sparkify.put("log_data/a.json", lines([event(userId="anna-4711")]))
    sparkify.loaded()
    done = sparkify.command("forget", "anna-4711", "--yes", "--verbose")
    assert "4711" not in done.out + done.err
    assert done.out.splitlines() == [
        "removed",
        "time              1 row",
        "songplays         1 row",
        "users             1 row",
        f"the user is forgotten in {sparkify.database}: a load leaves the events of this user out",
    ]


def test_every_table_of_people_is_one_that_forget_knows() -> None:
    """A table that gets a column for a user must be thought of here, and in `sparkify.forget`."""
    lasting = [name for name in sql_queries.LASTING_TABLES if "user_id" in sql_queries.columns(name)]
    assert lasting == ["users", "songplays", "page_views"]
