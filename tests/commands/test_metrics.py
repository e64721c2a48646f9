"""etl --metrics: a file that node_exporter takes, true after a success, and still useful after a failure."""

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from harness.program import Outcome, run
from harness.records import event, lines, song
from harness.warehouse import Sparkify
from sparkify import etl, metrics

LAST_SUCCESS = "sparkify_last_success_timestamp_seconds"

ABBREVIATIONS = {"s", "ms", "us", "ns", "sec", "secs", "b", "kb", "mb", "gb", "bytes_sec", "m", "h", "d"}
"""Words that promtool takes for an abbreviated unit."""

UNITS = {"milliseconds", "minutes", "hours", "days", "weeks", "kilobytes", "megabytes", "gigabytes", "bits", "percent"}
"""Words that promtool takes for a unit that is not a base unit."""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The file, in a folder of node_exporter's."""
    (tmp_path / "textfile").mkdir()
    return tmp_path / "textfile" / "sparkify.prom"


@pytest.fixture
def filled(sparkify: Sparkify) -> Sparkify:
    """A warehouse beside a bucket with a song and four events, one of them bad."""
    sparkify.configure(MAX_ERRORS=1)
    sparkify.put("song_data/a.json", json.dumps(song()))
    others = [event(sessionId=2, page="Home"), event(sessionId=3), event(sessionId=4, ts="never")]
    sparkify.put("log_data/a.json", lines([event(), *others]))
    return sparkify


def families(file: Path) -> list[Metric]:
    """The metrics of a file, as Prometheus' own parser reads them."""
    return list(text_string_to_metric_families(file.read_text(encoding="utf-8")))


def samples(file: Path) -> dict[str, float]:
    """The value of each sample, by its name without `sparkify_` and its table, if it has one."""
    return dict(_samples(file))


def _samples(file: Path) -> Iterator[tuple[str, float]]:
    for family in families(file):
        for sample in family.samples:
            table = sample.labels.get("table", "")
            yield f"{sample.name.removeprefix('sparkify_')} {table}".strip(), sample.value


def measured(sparkify: Sparkify, file: Path, *options: str) -> Outcome:
    return sparkify.etl("--metrics", str(file), *options)


# ---------------------------------------------------------------- after a success


def test_the_numbers_are_those_of_json(filled: Sparkify, file: Path) -> None:
    before = time.time()
    outcome = measured(filled, file, "--json")
    summary, found = json.loads(outcome.out), samples(file)
    assert (
        before <= found.pop("last_run_timestamp_seconds") == found.pop("last_success_timestamp_seconds") <= time.time()
    )
    assert summary["seconds"] <= found.pop("last_run_duration_seconds") < time.time() - before
    assert found == {
        "last_run_failed": 0,
        "last_run_exit_code": 0,
        "last_run_batches": 1,
        "last_run_objects": 2,
        "last_run_loaded_bytes": summary["bytes"],
        "last_run_events": 3,
        "last_run_songs": 1,
        "last_run_rejected_records": 1,
        "last_run_plays": 2,
        "last_run_page_views": 1,
        "matched_plays": 2,
        "rows songplays": 2,
        "rows users": 1,
        "rows songs": 1,
        "rows artists": 1,
    }


def test_the_file_keeps_the_rules_of_node_exporter_and_promtool(filled: Sparkify, file: Path) -> None:
    assert measured(filled, file).exit_code == 0
    text = file.read_text(encoding="utf-8")
    assert text.endswith("\n")
    assert [family.name for family in families(file)] == [*metrics.METRICS]
    for family in families(file):
        assert re.fullmatch(r"sparkify(_[a-z]+)+", family.name)
        assert (family.type, bool(family.documentation)) == ("gauge", True)
        words = family.name.split("_")
        assert not ABBREVIATIONS & {*words}
        assert not UNITS & {*words}
        assert words[-1] not in ("total", "count", "sum", "bucket", "info")
        assert "gauge" not in words
        # node_exporter takes no timestamps, and the same metric from two files only with labels that differ.
        assert all(each.timestamp is None and each.labels["config"] == str(filled.config) for each in family.samples)
        for head in ("HELP", "TYPE"):
            assert len(re.findall(rf"^# {head} {family.name} ", text, re.MULTILINE)) == 1
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    assert file.stat().st_mode & 0o444 == 0o444


def test_a_name_with_odd_characters_is_a_label_that_can_be_read(tmp_path: Path, file: Path) -> None:
    config = tmp_path / 'a "b" \\ c\nd.cfg'
    assert run("etl", "--config", str(config), "--metrics", str(file)).exit_code == 2
    labels = {sample.labels["config"] for family in families(file) for sample in family.samples}
    assert labels == {str(config).replace("\n", "\\n")}


# ---------------------------------------------------------------- after a failure


def test_a_failure_is_told_and_keeps_the_time_of_the_last_success(filled: Sparkify, file: Path) -> None:
    measured(filled, file)
    success = samples(file)["last_success_timestamp_seconds"]
    filled.put("log_data/b.json", "bad\nbad\n")
    for _ in range(2):
        assert measured(filled, file).exit_code == 1
        found = samples(file)
        assert found.pop("last_success_timestamp_seconds") == success
        assert found.pop("last_run_timestamp_seconds") > success
        assert found.pop("last_run_duration_seconds") > 0
        assert found == {"last_run_failed": 1, "last_run_exit_code": 1}
    filled.remove("log_data/b.json")
    assert measured(filled, file).exit_code == 0
    assert samples(file)["last_success_timestamp_seconds"] > success


def test_a_configuration_that_cannot_be_read_is_told_with_the_same_label(sparkify: Sparkify, file: Path) -> None:
    measured(sparkify, file)
    success = samples(file)["last_success_timestamp_seconds"]
    sparkify.config.write_text("rubbish")
    assert measured(sparkify, file).exit_code == 2
    assert samples(file)["last_run_exit_code"] == 2
    assert samples(file)["last_success_timestamp_seconds"] == success


def test_without_a_success_before_its_time_is_0(sparkify: Sparkify, tmp_path: Path, file: Path) -> None:
    sparkify.configure("nowhere")
    outcomes = []
    for text in (None, "rubbish", f'{LAST_SUCCESS}{{config="/of/another.cfg"}} 1\n', f"{LAST_SUCCESS} x\n"):
        if text:
            file.write_text(text)
        outcomes.append((measured(sparkify, file).exit_code, samples(file)["last_success_timestamp_seconds"]))
    assert outcomes == [(3, 0)] * 4


def test_an_interrupted_run_and_a_fault_of_the_program_are_told(
    sparkify: Sparkify, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise failure

    monkeypatch.setattr(etl, "run", fail)
    failure: BaseException = KeyboardInterrupt()
    assert measured(sparkify, file).exit_code == 130
    assert samples(file)["last_run_exit_code"] == 130
    failure = TypeError()
    with pytest.raises(TypeError):
        measured(sparkify, file)
    assert samples(file)["last_run_exit_code"] == 1


# ---------------------------------------------------------------- which file


@pytest.mark.parametrize("name", ["sparkify.duckdb", "dwh.cfg", "-", "metrics.txt", ".prom"])
def test_a_file_that_node_exporter_does_not_read_is_refused(name: str) -> None:
    outcome = run("etl", "--metrics", name)
    assert outcome.exit_code == 2
    assert f"{name}: a name that ends in .prom is accepted; node_exporter reads no other" in outcome.err


def test_a_dry_run_has_no_numbers(file: Path) -> None:
    outcome = run("etl", "--dry-run", "--metrics", str(file))
    assert outcome.exit_code == 2
    assert "not allowed with argument --dry-run" in outcome.err


def test_a_file_that_cannot_be_written_is_a_warning(filled: Sparkify, tmp_path: Path) -> None:
    outcome = measured(filled, tmp_path / "nowhere" / "sparkify.prom", "--json")
    assert outcome.exit_code == 0
    [warning] = json.loads(outcome.out)["warnings"]
    assert warning.startswith(f"--metrics: {tmp_path}/nowhere/sparkify.prom: cannot be written (No such file or ")
    (tmp_path / "folder.prom").mkdir()
    assert "Is a directory" in measured(filled, tmp_path / "folder.prom").err
