"""`sparkify init`: a folder in which a load can run, made without a clone of the project."""

import configparser
import json
import os
import re
import resource
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from harness.program import Outcome, run
from harness.records import JSONPATHS
from sparkify.config import keys, load

NEW = {"dwh.cfg", "log_json_path.json"}
"""The files of a new folder without data."""


def names(folder: Path) -> set[str]:
    """What a folder holds."""
    return {path.name for path in folder.iterdir()}


def commands(outcome: Outcome) -> list[str]:
    """The commands that a person is told to type next."""
    return re.findall(r"^  (.+)$", outcome.out, re.MULTILINE)


def typed(script: str, folder: Path) -> Outcome:
    """The outcome of lines that are typed into a shell in a folder, where `sparkify` is the program that is tested."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    command = ["bash", "--norc", "-euc", script]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=folder, env=os.environ | {"PATH": path}
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


# ---------------------------------------------------------------- what it makes


@pytest.mark.parametrize("name", ["new", "new/below", "with blanks", "it's", "ünïcode", ".", "./new/"])
def test_a_folder_is_made_with_a_configuration_and_a_jsonpaths_file(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    outcome = run("init", name)
    assert (outcome.exit_code, outcome.err) == (0, "")
    assert names(here / name) == NEW
    assert outcome.out.splitlines()[:2] == [f"wrote {Path(name) / file}" for file in ("log_json_path.json", "dwh.cfg")]


def test_a_folder_that_is_there_keeps_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "log_json_path.json").write_text("mine too")
    outcome = run("init", str(tmp_path))
    assert outcome.exit_code == 0
    assert f"kept {tmp_path / 'log_json_path.json'}" in outcome.out
    assert {path.name: path.read_text() for path in tmp_path.iterdir() if path.name != "dwh.cfg"} == {
        "notes.txt": "mine",
        "log_json_path.json": "mine too",
    }


def test_the_configuration_may_be_read_by_its_owner_alone(tmp_path: Path) -> None:
    run("init", str(tmp_path))
    assert (tmp_path / "dwh.cfg").stat().st_mode & 0o777 == 0o600


def test_the_jsonpaths_file_is_that_of_sparkify(tmp_path: Path) -> None:
    run("init", str(tmp_path / "a"))
    run("sample", str(tmp_path / "b"), "--songs", "1", "--events", "1")
    written, of_sample = ((tmp_path / name / "log_json_path.json").read_bytes() for name in "ab")
    assert written == of_sample
    assert json.loads(written) == json.loads(JSONPATHS)


def test_the_configuration_has_every_key_with_its_meaning_and_its_default(tmp_path: Path) -> None:
    run("init", str(tmp_path))
    text = (tmp_path / "dwh.cfg").read_text(encoding="utf-8")
    parser = configparser.RawConfigParser()
    parser.read_string(text)
    written = {(name, key.upper()): value for name in parser.sections() for key, value in parser.items(name)}
    assert [*written] == [(key.section, key.name) for key in keys.ALL]
    paragraphs = re.split(r"\n\n|^\[\w+\]\n", text, flags=re.MULTILINE)
    for key in keys.ALL:
        if not key.example:
            assert written[key.section, key.name] == key.default
        [comment] = [
            paragraph.lower()
            for paragraph in paragraphs
            if key.meaning.lower() in paragraph.lower() and re.search(rf"^{key.name} =", paragraph, re.MULTILINE)
        ]
        assert (key.default or key.without).lower() in comment
        assert key.kind.accepted.lower() in comment


def test_the_configuration_says_what_a_load_does_without_its_keys(tmp_path: Path) -> None:
    run("init", str(tmp_path))
    written = load(tmp_path / "dwh.cfg", {})
    text = "[S3]\nLOG_DATA = log_data\nLOG_JSONPATH = log_json_path.json\nSONG_DATA = song_data\n"
    (tmp_path / "least.cfg").write_text(text)
    assert written == load(tmp_path / "least.cfg", {})
    assert written.warnings == ()


def test_the_doctor_takes_the_configuration_and_the_jsonpaths_file(tmp_path: Path) -> None:
    run("init", str(tmp_path))
    outcome = run("doctor", "--config", str(tmp_path / "dwh.cfg"))
    signs = {line.split()[1]: line[0] for line in outcome.out.splitlines()}
    assert signs == {"configuration": "✓", "song_data": "✗", "log_data": "✗", "log_jsonpath": "✓", "warehouse": "✗"}


# ---------------------------------------------------------------- what it tells to do next


@pytest.mark.parametrize("name", ["new", "with blanks", "a/it's; false", "."])
def test_the_commands_that_it_prints_load_the_sample_where_there_is_no_clone(name: str, tmp_path: Path) -> None:
    made = typed(f"sparkify init --sample {shlex.quote(name)}", tmp_path)
    assert made.exit_code == 0, made.err
    folder = tmp_path / name
    assert names(folder) == {*NEW, "song_data", "log_data"}
    lines = commands(made)
    changed = [] if name == "." else [f"cd {shlex.quote(name)}"]
    assert lines == [*changed, "sparkify create-tables", "sparkify etl", "sparkify query most_played_songs"]
    done = typed("\n".join(lines), tmp_path)
    assert done.exit_code == 0, done.err
    assert f"created the tables in {folder.resolve() / 'sparkify.duckdb'}" in done.out
    assert re.search(r"^events +10,000$", done.out, re.MULTILINE)
    assert re.search(r"^ *title +artist_name", done.out, re.MULTILINE), done.out
    checked = run("check", "--config", str(folder / "dwh.cfg"))
    assert checked.exit_code == 0, checked.err


def test_without_a_sample_the_person_first_names_the_data(tmp_path: Path) -> None:
    outcome = run("init", str(tmp_path / "new"))
    config = tmp_path / "new" / "dwh.cfg"
    assert f"\nnext, name your logs and songs in [S3] of {config}, and type:\n" in outcome.out
    lines = commands(outcome)
    assert lines[1:] == ["sparkify create-tables", "sparkify doctor", "sparkify etl"]
    run("sample", str(tmp_path / "new" / "bucket"), "--songs", "5", "--events", "20")
    config.write_text(
        config.read_text().replace("= log_data", "= bucket/log_data").replace("= song_", "= bucket/song_")
    )
    done = typed("\n".join(lines), tmp_path)
    assert done.exit_code == 0, done.err
    assert "✗" not in done.out


def test_a_program_that_is_not_on_the_path_is_named_by_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    installed = tmp_path / "my venv" / "sparkify"
    installed.parent.mkdir()
    installed.write_text("#!/bin/sh\n")
    installed.chmod(0o755)
    monkeypatch.chdir(installed.parent)
    monkeypatch.setattr(sys, "argv", ["./sparkify", "init", "new"])
    assert commands(run("init", "new"))[-1] == f"'{installed}' etl"
    monkeypatch.setenv("PATH", str(installed.parent))
    assert commands(run("init", "other"))[-1] == "sparkify etl"


# ---------------------------------------------------------------- what it refuses


@pytest.mark.parametrize("options", [[], ["--sample"]])
@pytest.mark.parametrize("kind", ["file", "folder", "link", "link to nothing"])
def test_a_folder_with_a_configuration_is_refused_and_left_as_it_is(
    kind: str, options: list[str], tmp_path: Path
) -> None:
    config, other = tmp_path / "dwh.cfg", tmp_path / "other"
    match kind:
        case "file":
            config.write_text("mine")
        case "folder":
            config.mkdir()
        case _:
            config.symlink_to(other)
    if kind == "link":
        other.write_text("mine")
    before = names(tmp_path)
    message = run("init", str(tmp_path), *options).refusal(2, f"{config}: there is one already")
    assert "name another folder" in message
    assert names(tmp_path) == before
    if kind in ("file", "link"):
        assert config.read_text() == "mine"


@pytest.mark.parametrize("options", [[], ["--sample"]])
def test_a_file_in_place_of_the_folder_is_refused(options: list[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    run("init", str(tmp_path / "file"), *options).refusal(2, f"{tmp_path / 'file'}: this is no folder")
    run("init", str(tmp_path / "file" / "below"), *options).refusal(3, "Not a directory")
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.parametrize("name", ["song_data/a.json", "log_data/a.json", "log_json_path.json"])
def test_a_sample_is_not_put_among_other_data(name: str, tmp_path: Path) -> None:
    data = tmp_path / name
    data.parent.mkdir(exist_ok=True)
    data.write_text("mine")
    outcome = run("init", str(tmp_path), "--sample")
    assert outcome.exit_code == 2
    assert "is already there" in outcome.err
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [data]
    assert data.read_text() == "mine"


def test_a_configuration_that_cannot_be_written_leaves_none_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sparkify.config.template.text", lambda values: "x" * 10_000_000)
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, limit[1]))
    try:
        outcome = run("init", str(tmp_path / "new"))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, before)
    assert outcome.exit_code == 3
    assert outcome.err.splitlines() == [
        f"error: {tmp_path / 'new' / 'dwh.cfg'}: cannot be written (File too large)",
        f"what was written into {tmp_path / 'new'} before stays",
    ]
    assert names(tmp_path / "new") == {"log_json_path.json"}
