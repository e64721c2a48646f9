"""The commands of [ETL] ON_SUCCESS and ON_FAILURE: what they get, and that they change nothing of the load."""

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from harness.program import Outcome, outcome_of, run
from harness.records import event, lines
from harness.waiting import wait_for
from harness.warehouse import Sparkify
from sparkify import etl, hooks, lineage


@pytest.fixture
def hooked(sparkify: Sparkify) -> Sparkify:
    """A warehouse with one new log, whose hooks keep what they get on stdin."""
    configure(sparkify, ON_SUCCESS="cat > succeeded.json", ON_FAILURE="cat > failed.json")
    sparkify.put("log_data/a.json", lines([event()]))
    return sparkify


def configure(sparkify: Sparkify, more: str = "", **hooks: str) -> None:
    sparkify.configure(more=more, **hooks)


def kept(sparkify: Sparkify) -> dict[str, Any]:
    """What each hook that ran got on stdin, by the outcome that it is for."""
    return {
        name: json.loads(path.read_text())
        for name in ("succeeded", "failed")
        if (path := sparkify.folder / f"{name}.json").exists()
    }


def warned(sparkify: Sparkify, command: str) -> str:
    """The warning about a command that runs after a load, which goes well all the same."""
    configure(sparkify, ON_SUCCESS=command)
    outcome = sparkify.loaded("--json", "--quiet")
    [warning] = json.loads(outcome.out)["warnings"]
    assert outcome.err == f"warning: {warning}\n"
    assert isinstance(warning, str)
    return warning.removeprefix("[ETL] ON_SUCCESS: the command ")


# ---------------------------------------------------------------- when a hook runs, and what it gets


def test_a_load_that_goes_well_gives_its_summary_to_the_hook(hooked: Sparkify) -> None:
    outcome = hooked.loaded("--json")
    assert kept(hooked) == {"succeeded": json.loads(outcome.out)}
    assert json.loads(outcome.out)["plays"]["new"] == 1


def test_a_load_that_fails_gives_its_failure_to_the_other_hook(hooked: Sparkify) -> None:
    hooked.put("log_data/b.json", "bad")
    outcome = hooked.etl("--json")
    assert outcome.exit_code == 1
    assert kept(hooked) == {"failed": json.loads(outcome.out)}


def test_a_configuration_that_no_load_can_use_is_a_failure_once_it_is_read(hooked: Sparkify) -> None:
    hooked.database.unlink()
    assert hooked.etl().exit_code == 2
    assert kept(hooked)["failed"]["exit_code"] == 2


def test_an_interrupted_load_is_a_failure(hooked: Sparkify, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("sparkify.checks.run", interrupt)
    assert hooked.etl().exit_code == 130
    assert kept(hooked)["failed"]["error"] == "interrupted"


def test_a_fault_of_the_program_is_a_failure_too(hooked: Sparkify, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise TypeError("text of a record")

    monkeypatch.setattr(etl, "run", fail)
    with pytest.raises(TypeError):
        hooked.etl()
    assert kept(hooked)["failed"]["error"] == "TypeError, a fault of the program; its traceback is on stderr"


def test_no_hook_runs_where_nothing_is_loaded_or_the_configuration_cannot_be_read(hooked: Sparkify) -> None:
    assert hooked.etl("--dry-run").exit_code == 0
    assert hooked.etl("--mistyped").exit_code == 2
    assert hooked.command("rejected", "--retry").exit_code == 0
    with hooked.config.open("a") as file:
        file.write("[ETL]\n")
    assert hooked.etl().exit_code == 2
    assert kept(hooked) == {}


def test_a_hook_runs_beside_the_configuration_and_may_open_the_warehouse(sparkify: Sparkify) -> None:
    status = f"{sys.executable} -m sparkify.cli status --config dwh.cfg --quiet --json > status.json"
    configure(sparkify, ON_SUCCESS=status)
    sparkify.put("log_data/a.json", lines([event()]))
    outcome = sparkify.loaded("--json")
    assert json.loads(outcome.out)["warnings"] == []
    assert json.loads((sparkify.folder / "status.json").read_text())["tables"]["songplays"] == 1


def test_a_hook_has_the_environment_of_the_program_and_no_secret_of_the_configuration(
    sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORD", "of the environment")
    secret = "[AWS]\nKEY = AKTEST\nSECRET = jXkQ1vZ8"
    configure(sparkify, secret, ON_SUCCESS="env > environment; echo jXkQ1vZ8")
    outcome = sparkify.loaded()
    environment = (sparkify.folder / "environment").read_text()
    assert "WORD=of the environment" in environment
    assert "jXkQ1vZ8" not in environment
    assert "[ETL] ON_SUCCESS: ***" in outcome.err.splitlines()


def test_what_a_hook_prints_is_narration(sparkify: Sparkify) -> None:
    configure(sparkify, ON_SUCCESS="echo one; echo two >&2; printf '\\033[31mred\\n'")
    outcome = sparkify.loaded("--json")
    assert json.loads(outcome.out)["ok"]
    assert outcome.err.splitlines()[-4:] == ["run [ETL] ON_SUCCESS", *said("one", "two", "\\x1b[31mred")]
    assert sparkify.loaded("--quiet").err == ""


def said(*texts: str) -> list[str]:
    return [f"[ETL] ON_SUCCESS: {text}" for text in texts]


def test_the_file_keeps_what_a_shell_makes_of_a_command(sparkify: Sparkify) -> None:
    configure(sparkify, ON_SUCCESS="for n in 1 2 ; do printf '%s\\n' \"$n\" | grep 2 ; done # a comment of the shell")
    assert sparkify.loaded().err.splitlines()[-1:] == said("2")


@pytest.mark.parametrize("command", ['"echo one"', "'echo \"one\"'", '"echo" "one"', "'ec'ho 'one'"])
def test_a_command_may_stand_in_quotes_and_keeps_its_own(command: str, sparkify: Sparkify) -> None:
    configure(sparkify, ON_SUCCESS=command)
    assert sparkify.loaded().err.splitlines()[-1:] == said("one")


# ---------------------------------------------------------------- hooks that go wrong


def test_a_hook_that_fails_is_a_warning_with_its_last_lines(sparkify: Sparkify) -> None:
    warning = warned(sparkify, "seq 10; exit 3")
    assert warning == "ended with exit code 3, which changes nothing of the load; its last lines: 6 | 7 | 8 | 9 | 10"
    assert warned(sparkify, "exit 4").endswith("; it printed nothing")
    assert warned(sparkify, "no-such-program").startswith("ended with exit code 127, ")
    assert warned(sparkify, "kill -9 $$").startswith("was ended by SIGKILL, ")
    assert warned(sparkify, "kill -s 40 $$").startswith("was ended by signal 40, ")


def test_the_hook_of_a_failure_that_fails_leaves_the_exit_code_and_what_is_said(sparkify: Sparkify) -> None:
    configure(sparkify, ON_FAILURE="exit 9")
    sparkify.put("log_data/a.json", "bad")
    outcome = sparkify.etl("--json")
    assert outcome.exit_code == json.loads(outcome.out)["exit_code"] == 1
    assert outcome.batches_said_to_stay == {0}
    assert "warning: [ETL] ON_FAILURE: the command ended with exit code 9, " in outcome.err


def test_a_hook_may_leave_its_stdin_unread(sparkify: Sparkify) -> None:
    configure(sparkify, ON_SUCCESS="exec <&-; sleep 0.1")
    keys = {f"{number:0256}": 1 for number in range(1_000)}  # more than a pipe takes at once
    sparkify.put("log_data/a.json", lines([event(**keys)]))
    outcome = sparkify.loaded("--json")
    assert len(outcome.out) > 200_000
    assert json.loads(outcome.out)["warnings"] == []


def test_a_hook_that_cannot_be_killed_is_not_waited_for(sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: int) -> None:  # as where `sudo` runs the command as another user
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(hooks, "TIMEOUT", 0.2)
    monkeypatch.setattr(hooks, "PATIENCE", 0.2)
    monkeypatch.setattr(os, "killpg", refuse)
    warning = warned(sparkify, "echo $$ > number; exec sleep 60")
    assert warning.startswith(
        "could not be killed after 0.2 seconds, and still runs, which changes nothing of the load"
    )
    os.kill(int((sparkify.folder / "number").read_text()), signal.SIGKILL)


def test_a_hook_that_hangs_is_killed_with_what_it_started(sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "TIMEOUT", 0.3)
    warning = warned(sparkify, "sleep 60 & echo $! > number; echo waiting; wait")
    assert warning == "was killed after 0.3 seconds, which changes nothing of the load; its last lines: waiting"
    number = int((sparkify.folder / "number").read_text())
    wait_for(lambda: is_over(number))


def is_over(number: int) -> bool:
    """Whether a process has ended, even if nobody has asked how."""
    try:
        return " (sleep) Z " in Path(f"/proc/{number}/stat").read_text()
    except FileNotFoundError:
        return True


def test_what_a_hook_leaves_in_the_background_is_not_waited_for(
    sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hooks, "PATIENCE", 0.1)
    configure(sparkify, ON_SUCCESS="sleep 20 & echo $! > number; echo done")
    started = time.monotonic()
    outcome = sparkify.loaded()
    assert time.monotonic() - started < 10
    assert outcome.err.splitlines()[-1:] == said("done")
    os.kill(int((sparkify.folder / "number").read_text()), signal.SIGKILL)


def test_of_much_output_the_end_is_kept(sparkify: Sparkify) -> None:
    warning = warned(sparkify, "yes | head -c 3000000; head -c 30000 /dev/zero | tr '\\0' x; exit 1")
    assert warning.endswith("xxx")
    assert len(warning) < 10_000


def test_ctrl_c_ends_a_hook_and_leaves_the_exit_code_of_the_load(sparkify: Sparkify) -> None:
    configure(sparkify, ON_SUCCESS="cat > got.json; echo $$ > number; exec sleep 60")
    process = sparkify.started("etl", "--json")
    number = sparkify.folder / "number"
    wait_for(lambda: number.exists() and bool(number.read_text()))
    process.send_signal(signal.SIGINT)
    outcome: Outcome = outcome_of(process)
    assert outcome.exit_code == 0
    assert json.loads(outcome.out)["ok"]
    assert "the command was killed by an interrupt, " in json.loads(outcome.out)["warnings"][0]
    assert is_over(int(number.read_text()))


def test_an_interrupt_between_two_of_those_that_are_told_leaves_the_load_as_it_ended(
    hooked: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(lineage.Sender, "end", interrupt)
    outcome = hooked.loaded("--json")
    [warning] = json.loads(outcome.out)["warnings"]
    assert warning.startswith("interrupted while ")
    assert kept(hooked) == {"succeeded": json.loads(outcome.out)}


def test_a_hook_that_cannot_be_started_is_a_warning(sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(11, "Resource temporarily unavailable")

    monkeypatch.setattr("subprocess.Popen", refuse)
    assert warned(sparkify, "true").startswith("cannot be started (Resource temporarily unavailable), ")


def test_no_message_shows_the_command(sparkify: Sparkify) -> None:
    address = "https://chat.example/T0/B0/as-good-as-a-password"
    configure(sparkify, ON_SUCCESS=f"true {address}", ON_FAILURE=f"true {address}", MAX_ERRORS="many")
    shown = [sparkify.etl("--json"), run("doctor", "--config", str(sparkify.config))]
    assert all(address not in outcome.out + outcome.err for outcome in shown)
