"""`sparkify completion`: the scripts are sound, nothing that can be typed is missing, and bash completes by them."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness.program import run
from sparkify import cli, sql_queries
from sparkify.commands.completion import SHELLS
from sparkify.formats import FORMATS

COMMANDS = cli.parser().commands
QUESTIONS = sql_queries.names("report")


def script(shell: str) -> str:
    outcome = run("completion", shell)
    assert (outcome.exit_code, outcome.err) == (0, "")
    return outcome.out


def options_of(command: str) -> list[str]:
    """The long options of a command, as its help tells them."""
    words = run(command, "--help").out.replace(",", " ").replace("]", " ").replace("[", " ").split()
    return sorted({word for word in words if word.startswith("--") and word != "--"} & {*_known(command)})


def _known(command: str) -> set[str]:
    return {name for action in COMMANDS[command]._actions for name in action.option_strings if name.startswith("--")}


@pytest.mark.parametrize("shell", SHELLS)
def test_every_command_option_and_question_is_in_the_script(shell: str) -> None:
    text = script(shell)
    words = {*COMMANDS, *QUESTIONS, *FORMATS}
    words |= {option.removeprefix("--") for command in COMMANDS for option in options_of(command)}
    assert [word for word in sorted(words) if word not in text] == []


@pytest.mark.parametrize("shell", SHELLS)
def test_the_shell_can_read_the_script(shell: str, tmp_path: Path) -> None:
    if not (program := shutil.which(shell)):
        pytest.skip(f"{shell} is not installed")
    (tmp_path / "script").write_text(script(shell))
    done = subprocess.run([program, "-n", tmp_path / "script"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


# ---------------------------------------------------------------- in bash

IN_BASH = """
eval "$(sparkify completion bash)"
COMP_WORDS=({words})
COMP_CWORD={last}
COMP_LINE={line}
COMP_POINT=${{#COMP_LINE}}
$(complete -p sparkify | sed 's/.*-F \\([^ ]*\\) .*/\\1/') sparkify {word} {before}
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
"""What bash does when somebody types a line and presses the tab key, after the line of the help in their ~/.bashrc."""


def bash(text: str, folder: Path) -> list[str]:
    """The lines that a script prints in a folder, where `sparkify` is the program that is tested."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = ["bash", "--norc", "-c", text]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=folder, env=os.environ | {"PATH": path}
    )
    assert (done.returncode, done.stderr) == (0, "")
    return [line for line in done.stdout.splitlines() if line.strip()]


def completed(line: str, folder: Path) -> list[str]:
    """What the tab key offers at the end of a line."""
    words = line.split(" ")
    return bash(
        IN_BASH.format(
            words=" ".join(shlex.quote(word) for word in words),
            last=len(words) - 1,
            line=shlex.quote(line),
            word=shlex.quote(words[-1]),
            before=shlex.quote(words[-2]),
        ),
        folder,
    )


def test_the_line_of_the_help_makes_bash_complete_the_program(tmp_path: Path) -> None:
    help_text = run("completion", "--help").out
    [line] = [line.strip() for line in help_text.splitlines() if "completion bash" in line and "eval" in line]
    [arguments] = bash(f"{line}\ncomplete -p sparkify", tmp_path)
    assert arguments.startswith("complete ")
    assert arguments.endswith(" sparkify")


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("sparkify que", ["query"]),
        ("sparkify ", [*COMMANDS]),
        ("sparkify --ver", ["--version"]),
        ("sparkify etl --dr", ["--dry-run"]),
        ("sparkify etl --", [*options_of("etl")]),
        ("sparkify query most_", [name for name in QUESTIONS if name.startswith("most_")]),
        ("sparkify query ", QUESTIONS),
        ("sparkify query --level paid most_act", ["most_active_users"]),
        ("sparkify query totals --format ", [*FORMATS]),
        ("sparkify query totals --format par", ["parquet"]),
        ("sparkify query totals --level ", ["free", "paid"]),
        ("sparkify status --max", ["--max-age"]),
        ("sparkify completion ", [*SHELLS]),
        ("sparkify create-tables --dr", ["--drop"]),
        ("sparkify create", ["create-tables"]),
        ("sparkify zzz", []),
    ],
)
def test_the_tab_key_offers_what_can_stand_there(line: str, offered: list[str], tmp_path: Path) -> None:
    assert sorted(completed(line, tmp_path)) == sorted(offered)


@pytest.mark.parametrize("line", ["sparkify etl --config d", "sparkify export d", "sparkify query totals --output d"])
def test_files_are_offered_where_one_is_named(line: str, tmp_path: Path) -> None:
    (tmp_path / "dwh.cfg").touch()
    (tmp_path / "other.cfg").touch()
    assert completed(line, tmp_path) == ["dwh.cfg"]
