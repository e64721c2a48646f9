"""The questions of a folder of one's own, which `[REPORT] QUESTIONS` names."""

import json
import os
from pathlib import Path

import pytest

from harness.program import run
from harness.records import event, lines
from harness.warehouse import Sparkify
from sparkify import sql_queries

PLAYS_BY_GENDER = """-- Do women or men play more?
-- Counts the plays of logged-in users; it's one play a row; a title such as '$level' changes nothing.
select
    gender,  -- F or M
    count(*) as plays
from plays
where
    start_time >= $from_time and start_time < $to_time
    and $level in ('all', level)
    and title <> 'a -- b; c'
group by gender
order by plays desc nulls last, gender asc nulls last
limit $most;
"""

SETTING = "[REPORT]\nQUESTIONS = own\n"


@pytest.fixture
def own(sparkify: Sparkify) -> Path:
    """The folder of a warehouse's own questions, with one in it."""
    sparkify.configure(more=SETTING)
    folder = sparkify.folder / "own"
    folder.mkdir()
    put(folder, "plays_by_gender", PLAYS_BY_GENDER)
    return folder


def put(folder: Path, name: str, text: str | bytes) -> Path:
    """Write the file of a question."""
    path = folder / f"{name}.sql"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def loaded(sparkify: Sparkify) -> Sparkify:
    """The same with three plays: two of a woman, who paid for one, and one of a man."""
    plays = [event(level="paid"), event(level="free", itemInSession=1), event(gender="M", userId="16", sessionId=2)]
    sparkify.put("log_data/2018/11/2018-11-22-events.json", lines(plays))
    sparkify.loaded()
    return sparkify


def csv_of(sparkify: Sparkify, *typed: str) -> str:
    outcome = sparkify.command("query", *typed, "--format", "csv")
    assert outcome.exit_code == 0, outcome.err
    return outcome.out


def listed(sparkify: Sparkify) -> dict[str, str]:
    """The questions that are listed, by name, in order."""
    outcome = sparkify.command("query", "--format", "json")
    assert outcome.exit_code == 0, outcome.err
    return {row["question"]: row["what it answers"] for row in json.loads(outcome.out)["rows"]}


@pytest.mark.parametrize("sparkify", ["duckdb", "redshift"], indirect=True)
@pytest.mark.usefixtures("own")
def test_an_own_question_is_answered_by_its_name_with_the_same_options(sparkify: Sparkify) -> None:
    loaded(sparkify)
    assert csv_of(sparkify, "plays_by_gender") == "gender,plays\nF,2\nM,1\n"
    assert csv_of(sparkify, "plays_by_gender", "--level", "free") == "gender,plays\nF,1\n"
    assert csv_of(sparkify, "plays_by_gender", "--from", "2018-11-22", "--limit", "1") == "gender,plays\nF,2\n"
    assert csv_of(sparkify, "plays_by_gender", "--to", "2018-11-21") == "gender,plays\n"


def test_own_questions_are_listed_after_those_that_ship(sparkify: Sparkify, own: Path) -> None:
    put(own, "albums", "-- Which albums?\nselect 1 as one")
    put(own, ".hidden", "-- Hidden?\nselect 1")
    (own / "notes.txt").write_text("no question")
    shown = listed(sparkify)
    assert [*shown] == [*sql_queries.names("report"), "albums", "plays_by_gender"]
    assert shown["plays_by_gender"] == "Do women or men play more?"


@pytest.mark.usefixtures("own")
def test_an_option_that_an_own_question_has_no_parameter_for_is_refused(sparkify: Sparkify) -> None:
    put(sparkify.folder / "own", "one", "-- One?\nselect 1 as one")
    refusal = sparkify.command("query", "one", "--level", "paid").refusal(2)
    assert "--level: this question has no such option, it takes none" in refusal


def test_an_own_question_can_change_nothing(sparkify: Sparkify, own: Path) -> None:
    put(own, "worse", "-- Worse?\ndelete from users")
    put(own, "two", "-- Two?\nselect 1; select 2")
    assert sparkify.command("query", "worse").exit_code == 2
    assert sparkify.command("query", "two").exit_code == 2


UNUSABLE: dict[str, tuple[str, str | bytes, str]] = {
    "no header": ("mine", "select 1 as one", "it has no header; begin it with the question"),
    "a header later": ("mine", "\n-- One?\nselect 1", "it has no header"),
    "an empty header": ("mine", "--\n-- One.\nselect 1", "it has no header"),
    "nothing": ("mine", "", "it has no header"),
    "no SQL": ("mine", "-- One?\n/* none */ -- none\n", "it has no SQL below its header"),
    "a name of ours": ("totals", "-- One?\nselect 1", "totals is a question that ships with the program"),
    "a value of no option": (
        "mine",
        "-- 1?\nselect $one, '$two', $most",
        "nothing gives a value to $one; SQL may",
    ),
    "no text": ("mine", b"-- \xff?\nselect 1", "byte 4 is not UTF-8; save it as UTF-8"),
    "too large": ("mine", "-- One?\nselect 1" + " " * 1_000_000, "it is larger than 1,000,000 bytes"),
}
"""Why a file is no question: its name, its text, and what the message says."""


@pytest.mark.parametrize(("name", "text", "reason"), UNUSABLE.values(), ids=UNUSABLE)
def test_a_file_that_is_no_question_is_refused_and_the_others_are_listed(
    name: str, text: str | bytes, reason: str, sparkify: Sparkify, own: Path
) -> None:
    path = put(own, name, text)
    message = f"{path}: this question cannot be asked: {reason}"
    assert message in sparkify.command("query", name).refusal(2)
    outcome = sparkify.command("query")
    assert outcome.exit_code == 0
    assert f"warning: {message}" in outcome.err
    assert [*listed(sparkify)] == [*sql_queries.names("report"), "plays_by_gender"]


def test_a_file_with_a_name_that_cannot_be_typed_is_warned_of(sparkify: Sparkify, own: Path) -> None:
    path = put(own, "my question", "-- One?\nselect 1")
    assert f"{path}: this question cannot be asked: the name of a question has" in sparkify.command("query").err


@pytest.mark.parametrize("kind", ["a folder", "a pipe", "a link to nothing", "a file of another user"])
def test_what_cannot_be_read_is_refused(kind: str, sparkify: Sparkify, own: Path) -> None:
    path = own / "mine.sql"
    if kind == "a folder":
        path.mkdir()
    elif kind == "a pipe":
        os.mkfifo(path)
    elif kind == "a link to nothing":
        path.symlink_to(own / "nothing")
    elif os.geteuid() == 0:
        pytest.skip("root may read every file")
    else:
        put(own, "mine", "-- One?\nselect 1").chmod(0)
    reason = "it is no file" if kind in ("a folder", "a pipe") else "it cannot be read ("
    assert f"{path}: this question cannot be asked: {reason}" in sparkify.command("query", "mine").refusal(2)


def test_a_byte_order_mark_and_windows_line_ends_are_no_matter(sparkify: Sparkify, own: Path) -> None:
    put(own, "mine", b"\xef\xbb\xbf-- One?\r\n-- One.\r\nselect 1 as one\r\n")
    assert csv_of(sparkify, "mine") == "one\n1\n"
    assert listed(sparkify)["mine"] == "One?"


@pytest.mark.usefixtures("own")
def test_a_name_that_is_nearly_that_of_an_own_question_is_suggested(sparkify: Sparkify) -> None:
    assert "did you mean plays_by_gender?" in sparkify.command("query", "plays_by_gendr").refusal(2)


def test_a_folder_that_is_not_there_is_named_and_the_questions_that_ship_are_answered(sparkify: Sparkify) -> None:
    sparkify.configure(more=SETTING)
    message = f"{sparkify.folder / 'own'}: [REPORT] QUESTIONS names this folder, and it cannot be read (No such file"
    assert message in sparkify.command("query").refusal(2)
    assert message in sparkify.command("query", "mine").refusal(2)
    assert sparkify.command("query", "totals").exit_code == 0


def test_a_broken_configuration_keeps_no_question_that_ships_from_the_list(tmp_path: Path) -> None:
    (tmp_path / "dwh.cfg").write_text("[S3]\nLOG = here\n")
    outcome = run("query", "--config", str(tmp_path / "dwh.cfg"))
    assert outcome.exit_code == 0
    assert "totals" in outcome.out
    assert "warning: questions of your own are not listed: " in outcome.err


def test_no_answer_is_written_over_an_own_question(sparkify: Sparkify, own: Path) -> None:
    path = own / "plays_by_gender.sql"
    refusal = sparkify.command("query", "totals", "--output", str(path)).refusal(2)
    assert f"{path}: this is a question of [REPORT] QUESTIONS" in refusal
    assert path.read_text(encoding="utf-8") == PLAYS_BY_GENDER
    assert sparkify.command("query", "totals", "--output", str(own / "totals.txt")).exit_code == 0
