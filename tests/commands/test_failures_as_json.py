"""Failures that programs read: one object on stdout with --json, one object a line on stderr with --log json."""

import io
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from harness.program import Outcome, run
from harness.records import event, lines
from harness.warehouse import Sparkify
from sparkify import cli

COMMON = ["version", "ok", "exit_code", "error", "object", "line", "column", "stays"]


def failure(outcome: Outcome, exit_code: int) -> dict[str, Any]:
    """The one object of a command that failed."""
    assert outcome.exit_code == exit_code, outcome
    [line] = outcome.out.splitlines()
    read: dict[str, Any] = json.loads(line)
    assert [*read][: len(COMMON)] == COMMON
    assert (read["version"], read["ok"], read["exit_code"]) == (1, False, exit_code)
    return read


def narrated(outcome: Outcome) -> list[dict[str, Any]]:
    """The lines of stderr, each of which must be one object."""
    read = [json.loads(line) for line in outcome.err.splitlines()]
    for each in read:
        assert [*each][:4] == ["time", "level", "run_id", "message"]
        now = datetime.now(UTC).replace(tzinfo=None)
        assert timedelta(0) <= now - datetime.fromisoformat(each["time"]) < timedelta(minutes=10)
    return read


@pytest.mark.parametrize(
    "command",
    [["etl"], ["etl", "--dry-run"], ["check"], ["status"], ["rejected"], ["rejected", "--retry"], ["doctor"]],
    ids=" ".join,
)
def test_a_command_without_its_configuration_prints_one_object(command: list[str], tmp_path: Path) -> None:
    read = failure(run(*command, "--json", "--config", str(tmp_path / "none.cfg")), 2)
    assert read["stays"] == "nothing was changed"


def test_bad_records_are_a_list_with_their_places(sparkify: Sparkify) -> None:
    sparkify.put("log_data/a.json", "\n".join([lines([event(), event(ts="never")]), "bad"]))
    read = failure(sparkify.etl("--json"), 1)
    assert (read["object"], read["line"], read["column"]) == ("bucket/log_data/a.json", 2, "start_time")
    assert read["bad_records"] == 2
    assert [(each["line"], each["column"]) for each in read["records"]] == [(2, "start_time"), (3, None)]
    assert all({*each} == {"object", "line", "column", "reason"} for each in read["records"])


def test_of_many_bad_records_a_hundred_are_listed_and_all_are_counted(sparkify: Sparkify) -> None:
    sparkify.put("log_data/a.json", "bad\n" * 150)
    read = failure(sparkify.etl("--json"), 1)
    assert (read["bad_records"], len(read["records"])) == (150, 100)


def test_what_stays_is_told(sparkify: Sparkify) -> None:
    sparkify.configure(BATCH_SIZE="1 B")
    sparkify.put("log_data/a.json", lines([event()]))
    sparkify.put("log_data/b.json", "bad")
    assert failure(sparkify.etl("--json"), 1)["stays"].startswith("what this run committed stays loaded (batches: 1)")


def test_a_key_of_the_configuration_is_told(sparkify: Sparkify) -> None:
    sparkify.configure(MAX_ERRORS="many")
    read = failure(sparkify.etl("--json"), 2)
    assert (read["object"], read["column"]) == (str(sparkify.config), "MAX_ERRORS")


def test_an_interrupted_load_prints_one_object(sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("sparkify.checks.run", interrupt)
    sparkify.put("log_data/a.json", lines([event()]))
    outcome = sparkify.etl("--json", "--log", "json")
    assert failure(outcome, 130)["error"] == "interrupted"
    last = narrated(outcome)[-1]
    assert (last["level"], last["message"], last["stays"]) == ("error", "interrupted", "nothing was changed")


@pytest.mark.parametrize(
    "typed", [["etl", "--jsn", "--json"], ["nowhere", "--json"], ["status", "--json", "--max-age", "x"]]
)
def test_a_command_line_that_cannot_be_used_prints_one_object(typed: list[str]) -> None:
    outcome = run(*typed)
    read = failure(outcome, 2)
    assert outcome.err.splitlines()[-1].endswith(f"error: {read['error']}")
    [line] = narrated(run(*typed, "--log", "json"))
    assert line["message"] == read["error"]
    [line] = narrated(run(*typed, "--log=json"))
    assert line["level"] == "error"


def test_a_load_says_ok_in_its_object(sparkify: Sparkify) -> None:
    for options in ([], ["--dry-run"]):
        read = json.loads(sparkify.etl("--json", *options).out)
        assert (read["version"], read["ok"], read["warnings"]) == (1, True, [])


# ---------------------------------------------------------------- narration


def test_narration_has_a_time_a_level_a_run_and_the_parts_of_the_run(sparkify: Sparkify) -> None:
    sparkify.configure(more="[NOTES]\nx = 1")
    sparkify.put("log_data/a.json", lines([event()]))
    read = narrated(sparkify.etl("--log", "json"))
    assert {each["level"] for each in read} == {"info", "warning"}
    assert read[0]["message"].endswith("not ours and not read: [NOTES]")
    assert [each["run_id"] for each in read] == sorted((each["run_id"] for each in read), key=lambda n: n or 0)
    assert read[-1]["run_id"] == 1
    begun, ended = [each for each in read if each.get("phase") == "batch 1: read and stage objects"]
    assert begun["steps"] == ended["steps"] == 1
    assert ended["seconds"] >= 0


def test_verbose_narration_has_statements_and_quiet_narration_only_what_is_wrong(sparkify: Sparkify) -> None:
    sparkify.put("log_data/a.json", "bad")
    read = narrated(sparkify.etl("--log", "json", "--verbose"))
    assert len([each for each in read if each["level"] == "debug" and each["seconds"] >= 0]) > 10
    [error] = narrated(sparkify.etl("--log", "json", "--quiet"))
    assert error["level"] == "error"
    assert "log_data/a.json, line 1" in error["message"]


@pytest.mark.parametrize("name", cli.parser().commands)
def test_every_command_takes_a_form_of_narration(name: str, tmp_path: Path) -> None:
    needed = {"export": ["folder"], "sample": [str(tmp_path / "sample"), "--songs=0"], "completion": ["bash"]}
    config = [] if name in ("sample", "completion") else ["--config", str(tmp_path / "none.cfg")]
    outcome = run(name, *needed.get(name, []), *config, "--log", "json")
    narrated(outcome)
    assert outcome.exit_code in (0, 2)


class Terminal(io.StringIO):
    """A terminal at which nobody is asked."""

    def isatty(self) -> bool:
        return True


def test_narration_for_programs_draws_no_bars_and_asks_nothing(
    sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sparkify.progress import JsonLines, for_terminal

    monkeypatch.setattr(sys, "stderr", Terminal())
    assert type(for_terminal("normal", "json")) is JsonLines
    monkeypatch.setattr(sys, "stdin", Terminal("y\n"))
    outcome = sparkify.command("create-tables", "--drop", "--log", "json")
    assert outcome.exit_code == 2
    [error] = narrated(outcome)
    assert "add --yes" in error["message"]
