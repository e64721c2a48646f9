"""The command line: what each command promises, what goes to which stream, and how it ends."""

import io
import json
import pkgutil
import re
import shlex
import signal
import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import duckdb
import pytest

from harness import oracle
from harness.copies import copied
from harness.engines import ENGINES
from harness.paths import ROOT
from harness.program import Outcome, run
from harness.records import event, lines, song
from harness.rows import assert_is
from harness.steps import Watch, watched
from harness.warehouse import Sparkify
from sparkify import __version__, cli, commands, own_questions, questions, sql_queries
from sparkify.command_line import EXIT_CODES

COMMANDS = cli.parser().commands

READING = [
    ["etl", "--dry-run"],
    ["check"],
    ["status"],
    ["query", "totals"],
    ["rejected"],
    ["export", "parquet"],
    ["export", "backup", "--whole"],
]
"""The commands that need a warehouse and only read it, save the report, which has tests of its own."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Sparkify:
    """A warehouse into which one song and two plays of it are loaded."""
    sparkify = Sparkify(tmp_path_factory.mktemp("model") / "sparkify").with_tables()
    sparkify.put("song_data/A/a.json", lines([song()]))
    sparkify.put("log_data/a.json", lines([event(), event(sessionId=2)]))
    sparkify.loaded()
    return sparkify


@pytest.fixture
def loaded(sparkify: Sparkify, model: Sparkify) -> Sparkify:
    """A warehouse of its own for a test, like the model."""
    return copied(model, sparkify)


# ---------------------------------------------------------------- create-tables


def test_create_tables_makes_every_table_and_view(tmp_path: Path) -> None:
    sparkify = Sparkify(tmp_path / "sparkify")
    outcome = sparkify.command("create-tables")
    assert outcome.exit_code == 0
    assert outcome.out == f"created the tables in {sparkify.database}\n"
    there = {name for (name,) in sparkify.query("select table_name from information_schema.tables")}
    assert there == {*sql_queries.TABLES, *sql_queries.VIEWS}


def test_create_tables_again_destroys_nothing_and_says_that_they_are_there(loaded: Sparkify) -> None:
    before = loaded.content()
    outcome = loaded.command("create-tables")
    assert outcome.exit_code == 0
    assert outcome.out == f"the tables are there already in {loaded.database}\n"
    assert loaded.content() == before


def test_a_table_that_is_missing_is_created_without_touching_the_others(loaded: Sparkify) -> None:
    with duckdb.connect(loaded.database) as connection:
        connection.execute("drop table rejected_records")
    loaded.created()
    assert loaded.query("select count(*) from rejected_records") == [(0,)]
    assert_is(loaded.star(), oracle.warehouse({"a": [song()]}, [event(), event(sessionId=2)]))


def test_drop_without_yes_is_refused_where_nobody_can_be_asked(
    loaded: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    before = loaded.content()
    outcome = loaded.command("create-tables", "--drop")
    assert outcome.exit_code == 2
    assert outcome.err.splitlines() == [
        "error: --drop destroys the warehouse: add --yes to say that you mean it",
        "nothing was changed",
    ]
    assert loaded.content() == before


class Terminal(io.StringIO):
    """A terminal at which somebody types an answer."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("answer", ["n\n", "\n", "", "yess\n"])
def test_drop_asks_on_a_terminal_and_keeps_all_without_a_yes(
    answer: str, loaded: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    before = loaded.content()
    outcome = loaded.command("create-tables", "--drop")
    assert outcome.exit_code == 2
    assert f"Drop all tables of {loaded.database}, with everything in them? " in outcome.err
    assert "Without the list of forgotten users, a load brings them back. [y/N]" in outcome.err
    assert outcome.out == ""
    assert loaded.content() == before


@pytest.mark.parametrize("sparkify", ENGINES, indirect=True)
def test_drop_asks_about_the_warehouse_by_the_name_that_the_other_commands_give_it(
    sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    if sparkify.engine != "duckdb":
        sparkify.configure(more="[CLUSTER]\nSCHEMA = elsewhere".removeprefix("[CLUSTER]\n"))
        sparkify.created()
    named = json.loads(sparkify.command("check", "--json").out)["warehouse"]
    assert named.endswith("/elsewhere") == (sparkify.engine != "duckdb")
    monkeypatch.setattr(sys, "stdin", Terminal("n\n"))
    outcome = sparkify.command("create-tables", "--drop")
    assert outcome.err.splitlines()[0].startswith(f"Drop all tables of {named}, with everything in them? ")


@pytest.mark.parametrize("answer", ["y\n", "YES\n"])
def test_drop_asks_on_a_terminal_and_drops_after_a_yes(
    answer: str, loaded: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(answer))
    assert loaded.command("create-tables", "--drop").exit_code == 0
    assert not any(loaded.star().values())


def test_drop_with_yes_starts_afresh_and_a_load_brings_all_back(loaded: Sparkify) -> None:
    before = loaded.star()
    outcome = loaded.command("create-tables", "--drop", "--yes")
    assert outcome.exit_code == 0
    assert outcome.out == f"dropped and created the tables in {loaded.database}\n"
    assert not any(loaded.star().values())
    assert loaded.history() == {}
    loaded.loaded()
    assert_is(loaded.star(), before)


def test_drop_with_yes_leaves_tables_of_others_alone(loaded: Sparkify) -> None:
    with duckdb.connect(loaded.database) as connection:
        connection.execute("create table mine as select 1 as one")
    assert loaded.command("create-tables", "--drop", "--yes").exit_code == 0
    assert loaded.query("from mine") == [(1,)]


def test_drop_with_yes_where_nothing_is_yet_creates_the_tables(tmp_path: Path) -> None:
    sparkify = Sparkify(tmp_path / "sparkify")
    outcome = sparkify.command("create-tables", "--drop", "--yes")
    assert outcome.exit_code == 0
    assert outcome.out == f"created the tables in {sparkify.database}\n"


# ---------------------------------------------------------------- etl


@pytest.mark.parametrize("command", [["etl"], ["rejected", "--retry"], *READING])
def test_before_create_tables_a_command_says_what_to_run_first(command: list[str], tmp_path: Path) -> None:
    sparkify = Sparkify(tmp_path / "sparkify")
    outcome = sparkify.command(*command)
    assert outcome.exit_code == 2
    assert outcome.err.splitlines()[-2:] == [
        f"error: {sparkify.database}: there is no warehouse yet; run sparkify create-tables first",
        "nothing was changed",
    ]
    assert not sparkify.database.exists()


@pytest.mark.parametrize("command", [["etl"], ["rejected", "--retry"], *READING])
def test_in_a_database_without_our_tables_a_command_says_what_to_run_first(command: list[str], tmp_path: Path) -> None:
    sparkify = Sparkify(tmp_path / "sparkify")
    with duckdb.connect(sparkify.database) as connection:
        connection.execute("create table mine as select 1 as one")
    outcome = sparkify.command(*command)
    assert outcome.exit_code == 2
    assert f"error: {sparkify.database}: the tables are not there yet; run sparkify create-tables first" in outcome.err


@pytest.mark.parametrize("command", [["etl"], ["rejected", "--retry"], ["create-tables"], *READING])
def test_a_warehouse_of_another_version_is_left_alone(command: list[str], loaded: Sparkify) -> None:
    with duckdb.connect(loaded.database) as connection:
        connection.execute("update warehouse set version = 99")
    loaded.put("log_data/b.json", lines([event(sessionId=3)]))
    before = loaded.content()
    outcome = loaded.command(*command)
    assert outcome.exit_code == 2
    message = outcome.err.splitlines()[-2]
    assert message.startswith(f"error: {loaded.database}: a warehouse of version 99, and this program is for ")
    assert "--drop" in message
    assert loaded.content() == before


def test_drop_with_yes_replaces_a_warehouse_of_another_version(loaded: Sparkify) -> None:
    with duckdb.connect(loaded.database) as connection:
        connection.execute("update warehouse set version = 99")
    assert loaded.command("create-tables", "--drop", "--yes").exit_code == 0
    loaded.loaded()


@pytest.mark.parametrize("command", [["etl"], ["rejected", "--retry"], ["create-tables"], *READING])
def test_a_file_that_is_no_database_is_named(command: list[str], tmp_path: Path) -> None:
    sparkify = Sparkify(tmp_path / "sparkify")
    sparkify.database.write_bytes(b"not a database " * 1_000)
    outcome = sparkify.command(*command)
    assert outcome.exit_code == 3
    assert f"error: {sparkify.database}: the warehouse cannot be opened" in outcome.err
    assert sparkify.database.read_bytes() == b"not a database " * 1_000


def test_a_folder_is_refused_where_redshift_holds_the_warehouse(sparkify: Sparkify) -> None:
    sparkify.configure(more="[CLUSTER]\nHOST = example.com")
    outcome = sparkify.etl()
    assert outcome.exit_code == 2
    assert "[S3] LOG_DATA = bucket/log_data: accepted is an address as s3://my-bucket/prefix" in outcome.err


def test_the_summary_tells_what_was_loaded(loaded: Sparkify) -> None:
    loaded.put("log_data/b.json", lines([event(), event(sessionId=3, song="Unknown"), event(sessionId=4, page="Home")]))
    out = loaded.loaded().out
    rows = dict(re.findall(r"^(\w+)\s+(.*)$", out, re.MULTILINE))
    assert rows["objects"].startswith("1 new (")
    assert rows["objects"].endswith("2 loaded before")
    assert rows["events"] == "3"
    assert rows["plays"] == "1 new, 0 of them matched to a song"
    assert "1 delivered before or twice" in out
    assert rows["users"] == "1"
    assert rows["songs"] == "1 by 1 artist"
    assert rows["rejected"] == "0 records"
    assert float(rows["seconds"]) >= 0
    assert rows["warehouse"] == f"{loaded.database} holds 3 plays (2 matched to a song)"


def test_keys_that_no_column_takes_are_named_once(sparkify: Sparkify) -> None:
    sparkify.put("log_data/a.json", lines([event(device="phone"), event(ts=1, device="tv", mood=1)]))
    sparkify.put("song_data/a.json", lines([song(genre="soul")]))
    out = sparkify.loaded().out
    assert "keys that no column takes: device, genre, mood" in out


def test_the_summary_as_json_is_one_object_with_the_fields_that_programs_rely_on(loaded: Sparkify) -> None:
    loaded.put("log_data/b.json", "\n".join([lines([event(), event(sessionId=3, page="Home", mood=1)]), "bad"]))
    loaded.put("song_data/A/b.json", lines([song(song_id="SO2")]))
    loaded.put("log_data/readme.txt", "no data")
    loaded.configure(MAX_ERRORS=1)
    outcome = loaded.etl("--json")
    assert outcome.exit_code == 0, outcome.err
    summary = json.loads(outcome.out)
    assert summary.pop("seconds") >= 0
    size = sum((loaded.bucket / key).stat().st_size for key in ("log_data/b.json", "song_data/A/b.json"))
    [ignored] = summary.pop("ignored_objects")
    assert ignored["object"] == "bucket/log_data/readme.txt"
    assert ignored["reason"].startswith("its name does not end in ")
    assert summary == {
        "version": 1,
        "ok": True,
        "warnings": [],
        "warehouse": str(loaded.database),
        "batches": 1,
        "objects": {"new": 2, "loaded_before": 2, "ignored": 1},
        "bytes": size,
        "records": {"events": 2, "events_forgotten": 0, "songs": 1, "rejected": 1},
        "plays": {"staged": 1, "new": 0, "matched": 0, "known": 1},
        "page_views": {"staged": 1, "new": 1, "known": 0},
        "texts_cleaned": 0,
        "totals": {"plays": 2, "matched": 2, "users": 1, "songs": 2, "artists": 1},
        "unknown_keys": ["mood"],
        "since": None,
        "folders_left_out": 0,
    }


def test_the_summary_as_json_has_the_same_fields_when_nothing_is_new(loaded: Sparkify) -> None:
    summary = json.loads(loaded.etl("--json").out)
    assert summary["objects"] == {"new": 0, "loaded_before": 2, "ignored": 0}
    assert summary["batches"] == 0
    assert summary["plays"] == {"staged": 0, "new": 0, "matched": 0, "known": 0}
    assert summary["totals"] == {"plays": 2, "matched": 2, "users": 1, "songs": 1, "artists": 1}


def test_plays_whose_song_arrives_later_count_as_matched_in_the_totals(sparkify: Sparkify) -> None:
    sparkify.put("log_data/a.json", lines([event(ts=1_000), event(ts=9_000_000_000_000)]))
    sparkify.loaded()
    sparkify.put("song_data/A/a.json", lines([song()]))
    summary = json.loads(sparkify.etl("--json").out)
    assert summary["totals"]["matched"] == 2
    assert summary["plays"]["new"] == 0
    sparkify.put("song_data/A/a.json", lines([song(title="Goodbye")]))
    said = sparkify.loaded().out.splitlines()
    at = said.index("plays       0 new, 0 of them matched to a song")
    assert said[at + 1].strip() == "2 fewer of those loaded before are matched to a song now"
    sparkify.put("song_data/A/a.json", lines([song(), song(song_id="SO2", title="Goodbye")]))
    sparkify.put("log_data/b.json", lines([event(song="Goodbye", sessionId=3)]))
    said = sparkify.loaded().out.splitlines()
    at = said.index("plays       1 new, 1 of them matched to a song")
    assert said[at + 1].strip() == "2 more of those loaded before are matched to a song now"
    assert "songs       2 by 1 artist" in said


def test_a_play_that_a_greater_copy_replaces_is_a_known_play_and_changes_no_count_of_new_ones(
    sparkify: Sparkify,
) -> None:
    sparkify.put("song_data/A/a.json", lines([song()]))
    sparkify.put("log_data/a.json", lines([event(level="free")]))
    sparkify.loaded()
    sparkify.put("log_data/b.json", lines([event(level="paid", song="Unknown")]))
    summary = json.loads(sparkify.etl("--json").out)
    assert sparkify.query("select title, song_id from songplays") == [("Unknown", None)]
    assert summary["plays"] == {"staged": 1, "new": 0, "matched": 0, "known": 1}


def test_a_run_with_nothing_new_says_so_in_one_sentence_and_changes_nothing(loaded: Sparkify) -> None:
    before = loaded.content()
    outcome = loaded.loaded()
    assert outcome.out == (
        f"nothing new: all 2 objects are loaded; {loaded.database} holds 2 plays (2 matched to a song)\n"
    )
    assert loaded.content() == before


def test_a_dry_run_lists_what_would_be_loaded_and_changes_nothing(loaded: Sparkify) -> None:
    loaded.put("log_data/b.json", lines([event(sessionId=3)]))
    loaded.put("song_data/A/a.json", lines([song(year=2016)]))
    loaded.put("log_data/empty.json", "")
    before = loaded.database.read_bytes()
    outcome = loaded.etl("--dry-run")
    assert outcome.exit_code == 0
    *objects, total = outcome.out.splitlines()
    sizes = [(loaded.bucket / key).stat().st_size for key in ("song_data/A/a.json", "log_data/b.json")]
    assert objects == [
        f"bucket/song_data/A/a.json  {sizes[0]} bytes",
        f"bucket/log_data/b.json  {sizes[1]} bytes",
        "bucket/log_data/empty.json  no data: empty",
    ]
    assert total == (
        f"2 objects ({sum(sizes)} bytes) would be loaded in 1 batches; 1 are loaded already, 1 are no data"
    )
    assert loaded.database.read_bytes() == before
    assert not list(loaded.folder.glob("*.wal"))


def test_a_dry_run_as_json_tells_the_batches(loaded: Sparkify) -> None:
    loaded.put("log_data/b.json", lines([event(sessionId=3)]))
    loaded.put("log_data/c.json", lines([event(sessionId=4)]))
    loaded.configure(BATCH_SIZE="1 B")
    plan = json.loads(loaded.etl("--dry-run", "--json").out)
    assert [[item["object"] for item in batch] for batch in plan["batches"]] == [
        ["bucket/log_data/b.json"],
        ["bucket/log_data/c.json"],
    ]
    assert all(item["bytes"] > 0 and item["etag"] for batch in plan["batches"] for item in batch)
    assert (plan["version"], plan["loaded_before"], plan["ignored"]) == (1, 2, 0)


def test_what_a_dry_run_lists_is_what_the_run_loads(loaded: Sparkify) -> None:
    for number in range(5):
        loaded.put(f"log_data/{number}.json", lines([event(sessionId=number)]))
    loaded.configure(BATCH_SIZE="1 KB")
    plan = json.loads(loaded.etl("--dry-run", "--json").out)
    loaded.loaded()
    done = loaded.query("select batch, object, etag, size from load_history where run_id = 2 order by batch, object")
    planned = [
        (number, item["object"], item["etag"], item["bytes"])
        for number, batch in enumerate(plan["batches"], 1)
        for item in batch
    ]
    assert done == planned


# ---------------------------------------------------------------- check


def test_check_tells_on_stdout_how_many_checks_passed(loaded: Sparkify) -> None:
    outcome = loaded.command("check")
    assert outcome.exit_code == 0
    assert outcome.out == f"all {len(sql_queries.names('checks'))} checks passed on {loaded.database}\n"


@pytest.mark.parametrize(
    ("harm", "check"),
    [
        ("insert into songplays from songplays", "songplays_unique"),
        ('insert into "time" from "time"', "time_unique"),
        ("insert into users from users", "users_unique"),
        ("insert into songs from songs", "songs_unique"),
        ("insert into artists from artists", "artists_unique"),
        ("delete from users", "songplays_users"),
        ("delete from songs", "songplays_songs"),
        ("delete from artists", "songplays_artists"),
        ('delete from "time"', "songplays_time"),
        ("delete from songs", "catalogue_complete"),
        ("update load_history set rows_staged = rows_staged - 1", "sums"),
        ("insert into catalogue from catalogue", "catalogue_sums"),
        ("delete from catalogue", "catalogue_sums"),
    ],
)
def test_check_finds_harm_shows_it_and_ends_with_exit_code_4(harm: str, check: str, loaded: Sparkify) -> None:
    with duckdb.connect(loaded.database) as connection:
        connection.execute(harm)
    outcome = loaded.command("check")
    assert outcome.exit_code == 4
    assert re.search(rf"^(error: )?check {check}: \w.*\n    \S", outcome.err, re.MULTILINE), outcome.err
    assert outcome.out == ""


# ---------------------------------------------------------------- the line itself


@pytest.mark.parametrize(
    "typed", [[], ["elt"], ["etl", "--dryrun"], ["etl", "now"], ["create-tables", "--config"], ["--quiet"]]
)
def test_a_mistyped_command_ends_with_exit_code_2_and_the_usage_on_stderr(typed: list[str]) -> None:
    outcome = run(*typed)
    assert outcome.exit_code == 2
    assert outcome.err.startswith("usage: sparkify")
    assert outcome.out == ""


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)], ids=["sparkify", *COMMANDS])
def test_help_goes_to_stdout_and_tells_the_exit_codes(command: list[str]) -> None:
    outcome = run(*command, "--help")
    assert outcome.exit_code == 0
    assert EXIT_CODES in outcome.out
    assert outcome.err == ""


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_a_command_has_examples_that_can_be_typed(name: str) -> None:
    shown = re.search(r"^examples:\n((?:  .*\n)+)", run(name, "--help").out, re.MULTILINE)
    assert shown
    examples = [parsed(line) for line in shown[1].splitlines()]
    assert all(options.command == name for options in examples)


def parsed(line: str) -> Namespace:
    """What a line of the shell calls the program with, alone or in `$(…)`."""
    called = re.search(r"\$\((.*)\)", line)
    words = shlex.split(called[1] if called else line, comments=True)
    program, *arguments = [*words, ">"][: next(n for n, word in enumerate([*words, ">"]) if word in (">", ">>"))]
    assert program == "sparkify"
    options = cli.parse(arguments)
    if options.command == "query" and options.question:
        chosen = questions.Filter(options.first_day, options.last_day, options.level, options.by, options.limit)
        questions.require_options(own_questions.statement(options.question, folder=None), chosen)
    return options


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_can_be_quiet_or_verbose_but_not_both(name: str) -> None:
    folders = {each: ["folder"] for each in ("init", "export", "import", "sample")}
    needed = (folders | {"completion": ["bash"], "forget": ["15"]}).get(name, [])
    message = [cli.parse([name, *needed, *option]).detail for option in ([], ["-q"], ["--verbose"])]
    assert message == ["normal", "quiet", "verbose"]
    assert run(name, *needed, "--quiet", "-v").exit_code == 2


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["elt"], "etl"),
        (["chek"], "check"),
        (["create-table"], "create-tables"),
        (["create_table"], "create-tables"),
        (["etl", "--dryrun"], "--dry-run"),
        (["etl", "--jsn"], "--json"),
        (["etl", "--quite"], "--quiet"),
        (["query", "totals", "--fromat", "csv"], "--format"),
        (["query", "totals", "--fom=2018-11-01"], "--from"),
        (["status", "--maxage=26h"], "--max-age"),
        (["sample", "bucket", "--song", "3"], "--songs"),
    ],
)
def test_what_was_meant_by_a_mistyped_word_is_said(typed: list[str], meant: str) -> None:
    outcome = run(*typed)
    assert outcome.exit_code == 2
    assert outcome.err.splitlines()[-1].endswith(f"; did you mean {meant}?")


def test_options_may_come_before_the_command(sparkify: Sparkify) -> None:
    config = ["--config", str(sparkify.config)]
    for typed in (["--json", "etl"], ["-q", "--json", "etl"]):
        assert json.loads(run(*typed, *config).out)["ok"]
    assert run(*config, "status").out == run("status", *config).out
    refused = run("--nowhere", "etl")
    assert refused.exit_code == 2
    assert refused.err.splitlines()[-1].endswith("unrecognized arguments: --nowhere")


def test_create_tables_may_be_typed_as_its_script_is_called(sparkify: Sparkify) -> None:
    config = ["--config", str(sparkify.config)]
    for typed in (["create_tables", *config], ["--quiet", "create_tables", *config]):
        assert run(*typed).out == f"the tables are there already in {sparkify.database}\n"
    assert run("create_tables", "--help") == run("create-tables", "--help")
    assert "create_tables" not in run("--help").out


@pytest.mark.parametrize("typed", [["load"], ["etl", "now"], ["query", "totals", "--format", "xls"]])
def test_nothing_is_guessed_where_no_word_is_near(typed: list[str]) -> None:
    outcome = run(*typed)
    assert outcome.exit_code == 2
    assert "did you mean" not in outcome.err
    assert typed[-1] in outcome.err.splitlines()[-1]


@pytest.mark.parametrize(
    "typed",
    [
        ["query", "totals", "--from", "2018-11-31"],
        ["query", "totals", "--to", "yesterday"],
        ["query", "totals", "--limit", "-1"],
        ["query", "totals", "--limit", "²"],
        ["query", "totals", "--level", "gold"],
        ["status", "--max-age", "26"],
        ["status", "--max-age", "1.5h"],
        ["completion", "tcsh"],
    ],
)
def test_a_value_that_cannot_be_used_is_told_with_what_is_accepted(typed: list[str]) -> None:
    outcome = run(*typed)
    assert outcome.exit_code == 2
    message = outcome.err.splitlines()[-1]
    assert typed[-1] in message
    assert "is accepted" in message or "choose from" in message


def test_the_version_goes_to_stdout() -> None:
    assert run("--version") == Outcome(0, f"sparkify {__version__}\n", "")


@pytest.mark.parametrize("options", [[], ["--json"], ["--dry-run"], ["--dry-run", "--json"]])
def test_stdout_carries_only_what_was_found_out_and_stderr_the_narration(
    options: list[str], sparkify: Sparkify
) -> None:
    sparkify.put("log_data/a.json", lines([event()]))
    outcome = sparkify.etl(*options)
    assert "list bucket/log_data" in outcome.err
    assert "list bucket/log_data" not in outcome.out
    if "--json" in options:
        assert len(outcome.out.splitlines()) == 1
        assert isinstance(json.loads(outcome.out), dict)


def test_stderr_has_no_bars_where_it_is_no_terminal(sparkify: Sparkify) -> None:
    sparkify.put("log_data/a.json", lines([event()]))
    err = sparkify.loaded().err
    assert "\x1b" not in err
    assert "\r" not in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupting_a_run_ends_with_exit_code_130_and_changes_nothing(
    number: signal.Signals, loaded: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded.put("log_data/b.json", lines([event(sessionId=3)]))
    before = loaded.content()

    def interrupt(*_: object) -> None:
        signal.raise_signal(number)

    monkeypatch.setattr("sparkify.checks.run", interrupt)
    outcome = loaded.etl()
    assert outcome.exit_code == 130
    assert outcome.err.splitlines()[-2:] == ["error: interrupted", "nothing was changed"]
    assert loaded.content() == before


def test_the_installed_command_and_the_exit_code_of_the_process(sparkify: Sparkify) -> None:
    command = [sys.executable, "-c", "import sys; from sparkify.cli import main; sys.exit(main())"]
    done = subprocess.run([*command, "etl", "--config", sparkify.config], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout[:12]) == (0, "no objects t")
    done = subprocess.run([*command, "elt"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")


@pytest.mark.parametrize(("script", "command"), [("create_tables.py", "create-tables"), ("etl.py", "etl")])
def test_the_scripts_of_the_mission_are_the_commands(script: str, command: str, tmp_path: Path) -> None:
    def started(*arguments: str) -> Outcome:
        path = ROOT / script
        done = subprocess.run([sys.executable, path, *arguments], capture_output=True, text=True, check=False)
        return Outcome(done.returncode, done.stdout, done.stderr)

    assert started("--help") == run(command, "--help")
    config = str(tmp_path / "none.cfg")
    assert started("--config", config) == run(command, "--config", config)


@pytest.mark.parametrize(
    ("started_as", "named"),
    [
        ("/usr/bin/sparkify", "sparkify create-tables"),
        (".venv/bin/sparkify", "sparkify create-tables"),
        ("/opt/sparkify/cli.py", "sparkify create-tables"),
        ("-c", "sparkify create-tables"),
        ("etl.py", "create_tables.py"),
        ("/opt/sparkify/create_tables.py", "create_tables.py"),
    ],
)
def test_a_message_names_a_command_as_the_person_can_type_it(
    started_as: str, named: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", [started_as, "etl"])
    refused = Sparkify(tmp_path / "sparkify").etl()
    assert refused.error.endswith(f"there is no warehouse yet; run {named} first")


def test_no_message_names_a_script_by_itself() -> None:
    sources = [path for path in (ROOT / "src").rglob("*.py") if path.name != "program.py"]
    assert [path for path in sources if re.search(r"create_tables\.py|\betl\.py", path.read_text("utf-8"))] == []


HEAVY = ("altair", "botocore", "configparser", "duckdb", "jinja2", "obstore", "redshift_connector", "rich", "shtab")
"""What takes long to import, and only some commands need."""

IMPORTED = """
import sys
from sparkify.cli import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print(*sys.modules, file=sys.stderr)
"""


@pytest.mark.parametrize("typed", [["--help"], ["--version"], ["etl", "--help"], ["elt"]])
def test_help_comes_without_anything_that_takes_long_to_import(typed: list[str]) -> None:
    done = subprocess.run([sys.executable, "-c", IMPORTED, *typed], capture_output=True, text=True, check=True)
    imported = set(done.stderr.split())
    assert "sparkify.command_line" in imported
    assert not imported & set(HEAVY)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_imports_the_module_of_no_other(name: str) -> None:
    done = subprocess.run([sys.executable, "-c", IMPORTED, name, "--help"], capture_output=True, text=True, check=True)
    of_commands = [each for each in done.stderr.split() if each.startswith("sparkify.commands.")]
    assert of_commands == [cli.COMMANDS[name]]


def test_every_module_of_a_command_can_be_typed() -> None:
    modules = {f"{commands.__name__}.{module.name}" for module in pkgutil.iter_modules(commands.__path__)}
    assert sorted(cli.COMMANDS.values()) == sorted(modules)


WITHOUT_ZSTANDARD = """
import sys
sys.modules.update({"backports.zstd": None, "compression.zstd": None})
from sparkify.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_a_python_that_lacks_zstandard_is_one_sentence(sparkify: Sparkify) -> None:
    typed = [sys.executable, "-c", WITHOUT_ZSTANDARD, "etl", "--config", str(sparkify.config)]
    done = subprocess.run(typed, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"\nerror: {sys.executable}: Zstandard is missing; install the program again, " in done.stderr
    assert done.stderr.endswith("\nnothing was changed\n")


# ---------------------------------------------------------------- how much is said

ENDING_WELL = [["etl"], ["create-tables"], ["doctor"], *READING]


@pytest.mark.parametrize("command", ENDING_WELL, ids=" ".join)
def test_a_quiet_command_says_nothing_when_all_is_well(
    command: list[str], loaded: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(loaded.folder)
    loaded.put("log_data/b.json", lines([event(sessionId=3)]))
    outcome = loaded.command(*command, "--quiet")
    assert (outcome.exit_code, outcome.err) == (0, "")
    assert outcome.out


def test_warnings_and_errors_are_said_even_when_quiet(loaded: Sparkify) -> None:
    loaded.configure(more="[DWH]\nTYPE = multi-node")
    loaded.put("log_data/b.json", "bad")
    outcome = loaded.etl("--quiet")
    assert outcome.exit_code == 1
    assert outcome.err.splitlines() == [
        f"warning: {loaded.config}: not ours and not read: [DWH]",
        "error: bucket/log_data/b.json, line 1: is not JSON: Expecting value at character 1: bad",
        "1 bad record, and [ETL] MAX_ERRORS allows 0: repair the objects and deliver them again, or raise MAX_ERRORS "
        "to set bad records aside in the table rejected_records",
        "nothing was changed",
    ]


TIMED = re.compile(r"^ *\d+\.\d{3} s  (\w+)", re.MULTILINE)


@pytest.mark.parametrize("command", [["etl"], ["create-tables"], *READING], ids=" ".join)
def test_a_verbose_command_shows_each_statement_with_its_time(
    command: list[str], loaded: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(loaded.folder)
    loaded.put("log_data/b.json", lines([event(sessionId=3)]))
    watch = Watch()
    with watched(watch, loaded.folder):
        outcome = loaded.command(*command, "--verbose")
    assert outcome.exit_code == 0, outcome.err
    # Steps that are no statements, settings that are not shown, and comments, of which a watch leaves most out.
    unlike = ("open", "close", "file", "list", "read", "walk", "set", "comment")
    statements = [step for step in watch.steps if step not in unlike]
    assert statements
    assert [word for word in TIMED.findall(outcome.err) if word not in unlike] == statements


@pytest.mark.parametrize("sparkify", ["redshift"], indirect=True)
def test_a_verbose_command_shows_what_redshift_was_told(sparkify: Sparkify) -> None:
    sparkify.put("log_data/a.json", lines([event()]))
    statements = TIMED.findall(sparkify.etl("--verbose").err)
    assert {"begin", "lock", "copy", "create", "insert", "update", "commit"} <= set(statements)


# ---------------------------------------------------------------- streams that are closed or full


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "2>/dev/full"])
def test_a_load_does_not_need_its_standard_streams(closed: str, sparkify: Sparkify) -> None:
    sparkify.put("log_data/a.json", lines([event()]))
    command = f"{sys.executable} -m sparkify.cli etl --config {sparkify.config} {closed}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert sparkify.query("select status from runs") == [("done",)]


def test_a_statement_that_duckdb_cannot_read_is_refused_in_a_sentence(sparkify: Sparkify) -> None:
    outcome = sparkify.command("query", "update extensions")
    assert outcome.exit_code == 2
    assert "DuckDB cannot read this statement" in outcome.err


def test_a_question_as_json_that_fails_is_one_object(sparkify: Sparkify) -> None:
    outcome = sparkify.command("query", "select nope", "--format", "json")
    assert outcome.exit_code == 2
    assert json.loads(outcome.out)["ok"] is False


def test_a_file_that_may_not_be_searched_for_is_named(sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DWH_DUCKDB_PATH", "x" * 300)
    for command in ("status", "etl"):
        outcome = sparkify.command(command, "--json")
        assert outcome.exit_code == 3, outcome.err
        assert "x" * 300 in json.loads(outcome.out)["error"]
        assert "output cannot be written" not in outcome.err


@pytest.mark.parametrize(
    "line",
    [
        ["export", ""],
        ["import", ""],
        ["init", ""],
        ["sample", ""],
        ["report", "--output", ""],
        ["query", "totals", "--output", ""],
    ],
    ids=" ".join,
)
def test_an_empty_name_is_not_the_current_folder(
    line: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = run(*line)
    assert outcome.exit_code == 2
    assert "the name is empty, as that of a variable which is not set" in outcome.err
    assert not [*tmp_path.iterdir()]
