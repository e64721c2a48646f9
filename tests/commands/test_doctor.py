"""`sparkify doctor`: a line for each thing that a load needs, with what to do about each that is missing."""

import pytest

from harness.engines import ENGINES
from harness.program import Outcome
from harness.records import event, lines, song
from harness.warehouse import Sparkify

pytestmark = pytest.mark.parametrize("sparkify", ENGINES, indirect=True)

CHECKS = ["configuration", "song_data", "log_data", "log_jsonpath", "warehouse", "tables"]
ENGINE_CHECKS = {"duckdb": ["rights"], "redshift": ["role", "work"], "redshift without WORK": ["role"]}


def delivered(sparkify: Sparkify) -> Sparkify:
    sparkify.put("song_data/A/a.json", lines([song()]))
    sparkify.put("log_data/2018/a.json", lines([event()]))
    return sparkify


def found(outcome: Outcome) -> dict[str, tuple[str, str]]:
    """The sign and the text of each check."""
    rows = [line.split(None, 2) for line in outcome.out.splitlines()]
    return {what: (sign, text) for sign, what, text in rows}


def test_all_is_well_where_a_load_can_run(sparkify: Sparkify) -> None:
    outcome = delivered(sparkify).command("doctor")
    assert outcome.exit_code == 0, outcome.out
    checks = found(outcome)
    assert [*checks] == [*CHECKS, "catalogue", *ENGINE_CHECKS[sparkify.engine]]
    assert {sign for sign, _ in checks.values()} == {"✓"}
    assert checks["song_data"][1].startswith("1 objects below")
    assert checks["log_jsonpath"][1].endswith("18 paths")
    if sparkify.engine == "duckdb":
        assert sparkify.query("select count(*) from staging_events") == [(0,)]


def test_it_leaves_nothing_behind(sparkify: Sparkify) -> None:
    before = delivered(sparkify).content(with_runs=True)
    sparkify.command("doctor")
    assert sparkify.content(with_runs=True) == before
    assert not getattr(sparkify, "left_in_work", list)()


def test_each_missing_thing_has_its_line_and_its_fix(sparkify: Sparkify) -> None:
    delivered(sparkify).remove("log_data/2018/a.json")
    sparkify.put("log_json_path.json", "[]")
    outcome = sparkify.command("doctor")
    assert outcome.exit_code == sparkify.etl().exit_code == 2
    checks = found(outcome)
    assert [*checks] == CHECKS
    assert [what for what, (sign, _) in checks.items() if sign == "✗"] == ["log_data", "log_jsonpath"]
    assert "no .json, .jsonl, .ndjson lies there; check the prefix in [S3]" in checks["log_data"][1]
    assert "not a JSONPaths file ([S3] LOG_JSONPATH)" in checks["log_jsonpath"][1]


def test_tables_that_are_not_there_are_told_with_the_command_that_makes_them(sparkify: Sparkify) -> None:
    delivered(sparkify)
    if sparkify.engine == "duckdb":
        sparkify.database.unlink()
        missing, fix = "warehouse", "there is no warehouse yet; run sparkify create-tables first"
    else:
        sparkify.configure(more="[CLUSTER]\nSCHEMA = elsewhere".removeprefix("[CLUSTER]\n"))
        missing, fix = "tables", "the tables are not there yet; run sparkify create-tables first"
    outcome = sparkify.command("doctor")
    assert outcome.exit_code == sparkify.etl().exit_code == 2
    [(last, (sign, text))] = [*found(outcome).items()][-1:]
    assert (last, sign) == (missing, "✗")
    assert text.endswith(fix)


def test_a_mistyped_key_is_told_as_the_configuration_that_cannot_be_used(sparkify: Sparkify) -> None:
    sparkify.configure(more="[S3X]\n", MAX_ERORS=1)
    outcome = sparkify.command("doctor")
    assert outcome.exit_code == sparkify.etl().exit_code == 2
    [(what, (sign, text))] = found(outcome).items()
    assert (what, sign) == ("configuration", "✗")
    assert "did you mean MAX_ERRORS?" in text


def test_a_warehouse_that_may_not_be_written_is_told(sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch) -> None:
    if sparkify.engine != "duckdb":
        return
    delivered(sparkify)
    for locked in (sparkify.database, sparkify.folder):
        monkeypatch.setattr("os.access", lambda path, mode, locked=locked: path != locked)
        outcome = sparkify.command("doctor")
        assert outcome.exit_code == 3
        assert found(outcome)["rights"] == (
            "✗",
            f"{locked}: may not be written; look at its rights, and at the user who runs the load",
        )


def test_what_a_load_cannot_read_ends_with_3_as_the_load_does(sparkify: Sparkify) -> None:
    delivered(sparkify).remove("log_json_path.json")
    outcome = sparkify.command("doctor")
    assert outcome.exit_code == sparkify.etl().exit_code == 3
    assert [what for what, (sign, _) in found(outcome).items() if sign == "✗"] == ["log_jsonpath"]
