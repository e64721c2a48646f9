"""What commands write never replaces the warehouse, the configuration or the data, by any path."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from harness.copies import copied
from harness.program import PROGRAM, run
from harness.records import event, lines, song
from harness.warehouse import Sparkify
from sparkify.private_folders import MARKER, PREFIX, private_folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Sparkify:
    sparkify = Sparkify(tmp_path_factory.mktemp("model") / "sparkify").with_tables()
    sparkify.put("song_data/A/a.json", lines([song()]))
    sparkify.put("log_data/a.json", lines([event()]))
    sparkify.loaded()
    return sparkify


@pytest.fixture
def loaded(sparkify: Sparkify, model: Sparkify) -> Sparkify:
    """A warehouse of its own for a test, like the model."""
    return copied(model, sparkify)


def everything(folder: Path) -> dict[str, bytes | str]:
    """Every file and folder below a folder, hidden ones too, with contents and times."""
    return {
        str(path): path.read_bytes() if path.is_file() and not path.is_symlink() else f"{path.lstat().st_mtime_ns}"
        for path in folder.rglob("*")
    }


RESERVED = [
    "sparkify.duckdb",
    "sparkify.duckdb.wal",
    "sparkify.duckdb.tmp",
    "sparkify.duckdb.tmp/answer",
    "SPARKIFY.DUCKDB.WAL",
    "dwh.cfg",
    "bucket/log_json_path.json",
    "bucket/log_data",
    "bucket/log_data/a.json",
    "bucket/log_data/new.json",
    "bucket/log_data/not/there/yet.csv",
    "bucket/song_data/../song_data/A/a.json",
    "bucket/../dwh.cfg",
    "link to the warehouse",
    "link to a link to the warehouse",
    "hard link to the warehouse",
    "hard link to the configuration",
    "link to the bucket/log_data/new.json",
    "link to a new object",
]


def linked(folder: Path) -> None:
    (folder / "link to the warehouse").symlink_to("sparkify.duckdb")
    (folder / "link to a link to the warehouse").symlink_to("link to the warehouse")
    (folder / "hard link to the warehouse").hardlink_to(folder / "sparkify.duckdb")
    (folder / "hard link to the configuration").hardlink_to(folder / "dwh.cfg")
    (folder / "link to the bucket").symlink_to("bucket")
    (folder / "link to a new object").symlink_to("bucket/log_data/other.json")


COMMANDS = [
    ["query", "totals", "--format", "csv", "--output"],
    ["query", "totals", "--format", "parquet", "--output"],
    ["query", "--output"],
    ["report", "--output"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_an_output_replaces_nothing_that_a_load_or_the_warehouse_needs(command: list[str], loaded: Sparkify) -> None:
    linked(loaded.folder)
    before = everything(loaded.folder)
    for name in RESERVED:
        outcome = loaded.command(*command, str(loaded.folder / name))
        assert outcome.exit_code == 2, (name, outcome)
        error, note = outcome.err.splitlines()[-2:]
        assert error.startswith(f"error: {loaded.folder / name}: this is ")
        assert error.endswith("; name another file or folder")
        assert note == "nothing was changed"
        assert everything(loaded.folder) == before, name


@pytest.mark.parametrize("name", ["sparkify.duckdb", "dwh.cfg", "bucket/log_data/a.json", "../up/bucket/song_data/new"])
def test_a_relative_path_is_an_output_like_any_other(
    name: str, loaded: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    (loaded.folder.parent / "up").symlink_to(loaded.folder.name)
    monkeypatch.chdir(loaded.folder)
    before = everything(loaded.folder)
    assert loaded.command("query", "totals", "--output", name).exit_code == 2
    assert everything(loaded.folder) == before


def test_the_list_of_questions_does_not_replace_a_configuration_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "dwh.cfg").write_text("mine")
    outcome = run("query", "--output", str(tmp_path / "dwh.cfg"), "--config", str(tmp_path / "dwh.cfg"))
    assert outcome.exit_code == 2
    assert (tmp_path / "dwh.cfg").read_text() == "mine"


def test_another_letter_case_is_the_same_file_where_the_system_says_so(
    loaded: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    samefile = os.path.samefile

    def without_case(one: Path, other: Path) -> bool:
        return str(one).lower() == str(other).lower() or samefile(one, other)

    monkeypatch.setattr(os.path, "samefile", without_case)
    before = everything(loaded.folder)
    for name in ("SPARKIFY.duckdb", "Bucket/LOG_DATA/new.json"):
        assert loaded.command("query", "totals", "--output", str(loaded.folder / name)).exit_code == 2
    assert everything(loaded.folder) == before


@pytest.mark.parametrize("name", ["sparkify.duckdb.csv", "bucket/log_data_old", "bucket/new.json", "song_data"])
def test_what_only_looks_alike_may_be_written(name: str, loaded: Sparkify) -> None:
    output = loaded.folder / name
    outcome = loaded.command("query", "totals", "--format", "csv", "--output", str(output))
    assert outcome.exit_code == 0, outcome.err
    assert output.read_text().startswith("plays,")


WRITING = [
    ["status"],
    ["etl"],
    ["query", "totals", "--format", "csv", "--output", "{}/a"],
    ["query", "select [1] as list", "--format", "json", "--output", "{}/a"],
    ["report", "--output", "{}/a"],
    ["etl", "--metrics", "{}/a.prom"],
    ["export", "{}", "--overwrite"],
]


@pytest.mark.parametrize("command", WRITING, ids=" ".join)
def test_what_a_killed_command_left_is_deleted_and_nothing_else(command: list[str], loaded: Sparkify) -> None:
    left, mine = loaded.folder / f"{PREFIX}left", loaded.folder / f"{PREFIX}mine"
    for folder in (left, mine):
        folder.mkdir()
        (folder / "half an answer").touch()
    (left / MARKER).touch()
    with private_folder(loaded.folder) as used:
        outcome = loaded.command(*(word.format(loaded.folder) for word in command))
        assert outcome.exit_code == 0, outcome.err
        assert {path for path in loaded.folder.iterdir() if path.name.startswith(PREFIX)} == {mine, used}
    assert (mine / "half an answer").exists()


def test_a_command_that_is_killed_leaves_its_folder_to_the_next(loaded: Sparkify) -> None:
    program = (
        "import os, sys, pathlib; from sparkify.private_folders import private_folder\n"
        "with private_folder(pathlib.Path(sys.argv[1])): os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", program, str(loaded.folder)], check=False)
    assert [*loaded.folder.glob(f"{PREFIX}*")]
    assert loaded.command("status").exit_code == 0
    assert not [*loaded.folder.glob(f"{PREFIX}*")]


def test_an_answer_that_finds_no_room_tells_of_its_file_and_not_of_the_warehouse(loaded: Sparkify) -> None:
    output = loaded.folder / "answer.csv"
    query = f"{PROGRAM[0]} -m sparkify.cli query 'select range from range(9999)' --format csv"
    limited = f"ulimit -f 1; {query} --config {loaded.config} --output {output}"
    done = subprocess.run(["sh", "-c", limited], capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert f"error: {loaded.folder}/{PREFIX}" in done.stderr
    assert "cannot be written; make room, or look at its rights" in done.stderr
    assert str(loaded.database) not in done.stderr
    assert sorted(os.listdir(loaded.folder)) == ["bucket", "dwh.cfg", "sparkify.duckdb"]


@pytest.mark.parametrize("command", [["status"], ["query", "--output", "x"]], ids=" ".join)
def test_a_current_folder_that_was_deleted_is_told(
    command: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (gone := tmp_path / "gone").mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    outcome = run(*command)
    assert outcome.exit_code == 3
    assert outcome.error.startswith("error: the current folder was deleted; ")


def test_the_output_of_the_shell_goes_on_working(loaded: Sparkify) -> None:
    assert loaded.command("query", "totals", "--output", "/dev/null").exit_code == 0


EXPORTS = [
    "sparkify.duckdb",
    "dwh.cfg",
    "bucket/log_data",
    "bucket/song_data/A",
    "bucket/log_data/not/there/yet",
    "link to the bucket/log_data",
]


@pytest.mark.parametrize("options", [[], ["--overwrite"]], ids=["new", "overwrite"])
def test_an_export_goes_nowhere_among_the_data(options: list[str], loaded: Sparkify) -> None:
    linked(loaded.folder)
    before = everything(loaded.folder)
    for name in EXPORTS:
        outcome = loaded.command("export", str(loaded.folder / name), *options)
        assert outcome.exit_code == 2, (name, outcome)
        assert everything(loaded.folder) == before, name


@pytest.mark.parametrize("reserved", ["songs", "songs/A", "users/of/mine"])
def test_an_export_does_not_replace_a_folder_that_holds_the_data(reserved: str, loaded: Sparkify) -> None:
    (loaded.folder / reserved).parent.mkdir(parents=True, exist_ok=True)
    (loaded.bucket / "song_data").rename(loaded.folder / reserved)
    loaded.configure(songs=loaded.folder / reserved)
    before = everything(loaded.folder)
    outcome = loaded.command("export", str(loaded.folder), "--overwrite")
    assert outcome.exit_code == 2
    assert "SONG_DATA" in outcome.err
    assert everything(loaded.folder) == before


@pytest.mark.parametrize("sparkify", ["redshift"], indirect=True)
def test_an_export_from_redshift_goes_nowhere_among_the_data(sparkify: Sparkify) -> None:
    store = sparkify.store
    for address in (
        f"{store}/log_data",
        f"{store}/song_data/A/",
        f"{store}/log_data//",
        f"{store}/work",
    ):
        outcome = sparkify.command("export", address, "--overwrite")
        assert outcome.exit_code == 2
        assert "which an export must not touch" in outcome.err


# ---------------------------------------------------------------- what is reached in other ways


def test_without_a_readable_configuration_nothing_is_written(loaded: Sparkify) -> None:
    loaded.config.write_text(f"{loaded.config.read_text()}[ETL]\nMAX_ERORS = 1\n")
    before = everything(loaded.folder)
    assert loaded.command("query", "--output", str(loaded.database)).exit_code == 2
    missing = str(loaded.folder / "none.cfg")
    assert run("query", "--config", missing, "--output", str(loaded.bucket / "log_data/a.json")).exit_code == 2
    assert everything(loaded.folder) == before


def test_an_object_that_a_link_among_the_data_leads_to_is_not_replaced(loaded: Sparkify) -> None:
    archive = loaded.folder / "archive"
    (archive / "2017").mkdir(parents=True)
    for name in ("2017/b.json", "c.json"):
        (archive / name).write_text(lines([event(sessionId=7)]))
    (loaded.bucket / "log_data/2017").symlink_to(archive / "2017")
    (loaded.bucket / "log_data/c.json").symlink_to(archive / "c.json")
    before = everything(loaded.folder)
    for name in ("2017/b.json", "c.json"):
        outcome = loaded.command("query", "totals", "--output", str(archive / name))
        assert outcome.exit_code == 2
        assert "[S3] LOG_DATA holds a link to this" in outcome.err
    assert loaded.command("export", str(archive / "2017")).exit_code == 2
    assert everything(loaded.folder) == before


def test_the_log_beside_the_file_that_a_link_names_is_not_replaced(
    loaded: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    (loaded.folder / "alias.duckdb").symlink_to("sparkify.duckdb")
    monkeypatch.setenv("DWH_DUCKDB_PATH", str(loaded.folder / "alias.duckdb"))
    outcome = loaded.command("query", "totals", "--output", str(loaded.folder / "sparkify.duckdb.wal"))
    assert outcome.exit_code == 2
    assert "the warehouse's log" in outcome.err


def test_a_log_without_its_database_is_kept(sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch) -> None:
    log = sparkify.folder / "new.duckdb.wal"
    log.write_text("what was committed")
    monkeypatch.setenv("DWH_DUCKDB_PATH", str(sparkify.folder / "new.duckdb"))
    outcome = sparkify.command("create-tables")
    assert outcome.exit_code == 3
    assert str(log) in outcome.err
    assert log.read_text() == "what was committed"


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1"])
def test_stdout_named_as_a_file_is_appended_to(name: str, loaded: Sparkify) -> None:
    target = loaded.folder / "answers.csv"
    target.write_text("precious\n")
    command = [sys.executable, "-m", "sparkify.cli", "query", "select 1 as one", "--format", "csv", "--output", name]
    with target.open("a") as stream:
        subprocess.run([*command, "--config", loaded.config], stdout=stream, check=True)
    assert target.read_text() == "precious\none\n1\n"
