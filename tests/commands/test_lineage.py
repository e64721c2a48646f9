"""Events of OpenLineage: what a server gets of a run, and that no server fails or delays a load."""

from __future__ import annotations

import json
import pwd
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from uuid import UUID

import attr
import pytest
from openlineage.client import event_v2
from openlineage.client.facet_v2 import (
    documentation_dataset,
    documentation_job,
    error_message_run,
    job_type_job,
    output_statistics_output_dataset,
    processing_engine_run,
    schema_dataset,
    tags_run,
)

from harness import dwh_cfg
from harness.program import Outcome
from harness.records import event, lines
from harness.waiting import wait_for
from harness.warehouse import Sparkify
from sparkify import dictionary, etl, lineage
from sparkify.errors import InterruptError, LoadError, SparkifyError
from sparkify.progress import Progress

FACETS = {
    "documentation": (documentation_dataset.DocumentationDatasetFacet, documentation_job.DocumentationJobFacet),
    "errorMessage": (error_message_run.ErrorMessageRunFacet,),
    "jobType": (job_type_job.JobTypeJobFacet,),
    "outputStatistics": (output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet,),
    "processing_engine": (processing_engine_run.ProcessingEngineRunFacet,),
    "schema": (schema_dataset.SchemaDatasetFacet,),
    "tags": (tags_run.TagsRunFacet,),
}
"""The client's classes for the facets of each name."""

STAR = ["artists", "page_views", "songplays", "songs", "time", "users"]


@dataclass
class Receiver:
    """A server of lineage: it keeps the events that it gets, and answers each when `may_answer` is set."""

    url: str = ""
    status: int = 201
    events: list[dict[str, Any]] = field(default_factory=list)
    may_answer: threading.Event = field(default_factory=threading.Event)

    @property
    def states(self) -> list[str]:
        """How the run stands, by event."""
        return [event["eventType"] for event in self.events]


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    """A server of lineage, which the environment names."""
    made = Receiver()
    made.may_answer.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            made.events.append(body)
            made.may_answer.wait(30)
            self.send_response(made.status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        made.url = f"http://127.0.0.1:{server.server_address[1]}"
        monkeypatch.delenv("OPENLINEAGE_DISABLED")
        monkeypatch.setenv("OPENLINEAGE_URL", made.url)
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        yield made
        made.may_answer.set()
        server.shutdown()


@pytest.fixture
def filled(sparkify: Sparkify) -> Sparkify:
    """A warehouse with a log that is new."""
    sparkify.put("log_data/a.json", lines([event(), event(sessionId=1), event(sessionId=2, page="Home")]))
    return sparkify


def warnings_of(outcome: Outcome) -> list[str]:
    """The warnings of a load that went well, as its JSON has them."""
    assert outcome.exit_code == 0, outcome.err
    summary = json.loads(outcome.out)
    assert summary["ok"]
    return [str(warning) for warning in summary["warnings"]]


def require_valid(event: dict[str, Any]) -> None:
    """Make sure that an event is one of the specification, as the client's classes have it."""
    UUID(event["run"]["runId"])
    assert datetime.fromisoformat(event["eventTime"]).tzinfo
    datasets = [*event["inputs"], *event["outputs"]]
    facets = [*event["run"]["facets"].items(), *event["job"]["facets"].items()]
    for dataset in datasets:
        assert dataset["namespace"]
        assert dataset["name"]
        facets += [*dataset["facets"].items(), *dataset.get("outputFacets", {}).items()]
    assert {*event} == {one.name for one in attr.fields(event_v2.RunEvent)}
    for name, facet in facets:
        [kind] = [kind for kind in FACETS[name] if kind._get_schema() == facet["_schemaURL"]]
        content = {key: value for key, value in facet.items() if not key.startswith("_")}
        assert attr.asdict(kind(**content)).items() >= content.items()
        assert facet["_producer"] == event["producer"]


def outputs(event: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The datasets that a run writes, by the name of the table."""
    return {dataset["name"].rpartition(".")[2]: dataset for dataset in event["outputs"]}


# ---------------------------------------------------------------- what is sent


def test_a_run_that_ends_well_is_a_start_and_a_completion(filled: Sparkify, receiver: Receiver) -> None:
    assert warnings_of(filled.etl("--json")) == []
    assert receiver.states == ["START", "COMPLETE"]
    start, complete = receiver.events
    for each in receiver.events:
        require_valid(each)
        assert (each["job"]["namespace"], each["job"]["name"]) == ("default", "sparkify.etl")
        assert sorted((each["namespace"], each["name"]) for each in each["inputs"]) == [
            ("file", str(filled.bucket / "log_data")),
            ("file", str(filled.bucket / "song_data")),
        ]
        assert sorted((each["namespace"], each["name"]) for each in each["outputs"]) == [
            (f"duckdb://{filled.database}", f"sparkify.main.{table}") for table in STAR
        ]
    assert start["run"]["runId"] == complete["run"]["runId"]
    assert start["eventTime"] < complete["eventTime"]
    statistics = {
        name: dataset["outputFacets"]["outputStatistics"]["rowCount"]
        for name, dataset in outputs(complete).items()
        if dataset["outputFacets"]
    }
    assert statistics == {"songplays": 2, "page_views": 1}


def test_a_table_is_described_as_in_the_dictionary(filled: Sparkify, receiver: Receiver) -> None:
    filled.loaded()
    for name, dataset in outputs(receiver.events[0]).items():
        table = dictionary.table(name)
        assert dataset["facets"]["documentation"]["description"] == table.comment
        columns = [(each["name"], each["type"], each["description"]) for each in dataset["facets"]["schema"]["fields"]]
        assert columns == [(column.name, column.type, column.description) for column in table.columns]


def test_the_start_is_sent_when_the_run_begins(
    filled: Sparkify, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    load = etl.run

    def run(*arguments: Any, **options: Any) -> Any:
        wait_for(lambda: receiver.states == ["START"])
        return load(*arguments, **options)

    monkeypatch.setattr(etl, "run", run)
    filled.loaded()
    assert receiver.states == ["START", "COMPLETE"]


def test_a_run_that_fails_says_why_and_quotes_no_record(sparkify: Sparkify, receiver: Receiver) -> None:
    sparkify.put("log_data/a.json", lines([event(ts="never")]))
    assert "Lily" in sparkify.etl().err
    assert receiver.states == ["START", "FAIL"]
    require_valid(failed := receiver.events[1])
    message = failed["run"]["facets"]["errorMessage"]["message"]
    assert "log_data/a.json" in message
    assert "Lily" not in json.dumps(failed)
    assert not any(dataset["outputFacets"] for dataset in failed["outputs"])


def test_an_interrupted_run_is_aborted(sparkify: Sparkify, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(etl, "run", interrupt)
    assert sparkify.etl().exit_code == 130
    assert receiver.states == ["START", "ABORT"]


@pytest.mark.parametrize(
    ("host", "authority"),
    [
        ("warehouse.c7x9.us-west-2.redshift.amazonaws.com", "warehouse.us-west-2"),
        ("team.123456789012.us-west-2.redshift-serverless.amazonaws.com", "team.us-west-2"),
        ("team.123456789012.cn-north-1.redshift-serverless.amazonaws.com.cn", "team.cn-north-1"),
        ("localhost", "localhost"),
    ],
)
def test_redshift_is_named_by_the_cluster_and_its_region_and_a_prefix_by_its_bucket(
    host: str, authority: str, tmp_path: Path, receiver: Receiver
) -> None:
    config = dwh_cfg.read(
        tmp_path,
        "[S3]\nLOG_DATA = s3://music/logs\nLOG_JSONPATH = s3://music/paths.json\nSONG_DATA = s3://music/songs/\n"
        f"[CLUSTER]\nHOST = {host}\nDB_NAME = dev\nDB_USER = u\nDB_PASSWORD = jXkQ1vZ8\n"
        "[IAM_ROLE]\nARN = arn:aws:iam::123456789012:role/r\n",
    )
    progress = Progress()
    progress.secrets = config.secrets
    sender = lineage.Sender(config, progress)
    sender.end(LoadError("the password jXkQ1vZ8 of https://me:word@host/ is wrong"), {})
    first, failed = receiver.events
    assert {(each["namespace"], each["name"]) for each in first["outputs"]} == {
        (f"redshift://{authority}:5439", f"dev.public.{table}") for table in STAR
    }
    inputs = [(each["namespace"], each["name"]) for each in first["inputs"]]
    assert inputs == [("s3://music", "songs"), ("s3://music", "logs")]
    message = failed["run"]["facets"]["errorMessage"]["message"]
    assert message == "the password *** of https://host/ is wrong"
    assert "jXkQ1vZ8" not in json.dumps(receiver.events)


# ---------------------------------------------------------------- how it is configured


def test_the_namespace_of_jobs_is_that_of_openlineage(
    sparkify: Sparkify, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENLINEAGE_NAMESPACE", "nightly")
    sparkify.loaded()
    assert {each["job"]["namespace"] for each in receiver.events} == {"nightly"}


def test_nothing_is_sent_when_it_is_disabled_or_only_a_plan_is_made(
    sparkify: Sparkify, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert sparkify.etl("--dry-run").exit_code == 0
    monkeypatch.setenv("OPENLINEAGE_DISABLED", "true")
    assert warnings_of(sparkify.etl("--json")) == []
    assert receiver.events == []


def test_a_file_configures_it(sparkify: Sparkify, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENLINEAGE_DISABLED")
    monkeypatch.chdir(tmp_path)
    target = tmp_path / "lineage.jsonl"
    settings = f"transport: {{type: file, log_file_path: {target}, append: true}}\n"
    (tmp_path / "openlineage.yml").write_text(settings)
    assert warnings_of(sparkify.etl("--json")) == []
    read = [json.loads(line) for line in target.read_text().splitlines()]
    assert [each["eventType"] for each in read] == ["START", "COMPLETE"]


def test_the_console_is_narration(sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENLINEAGE_DISABLED")
    monkeypatch.setenv("OPENLINEAGE__TRANSPORT__TYPE", "console")
    outcome = sparkify.etl("--json")
    assert warnings_of(outcome) == []
    told = [line.removeprefix("OpenLineage: ") for line in outcome.err.splitlines() if line.startswith("OpenLineage: ")]
    assert [json.loads(line)["eventType"] for line in told] == ["START", "COMPLETE"]


def test_without_a_configuration_the_client_is_not_even_sought(
    sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def seek(*_: object) -> None:
        raise AssertionError("sought")

    monkeypatch.delenv("OPENLINEAGE_DISABLED")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setattr(lineage, "find_spec", seek)
    sparkify.loaded()


def test_a_home_that_is_not_there_or_may_not_be_searched_hinders_no_load(
    sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/" + "x" * 300)  # which the system refuses to look at
    assert sparkify.etl().exit_code == 0
    monkeypatch.delenv("HOME")
    monkeypatch.setattr(pwd, "getpwuid", {}.__getitem__)
    assert sparkify.etl().exit_code == 0


def test_a_client_that_is_missing_is_told(
    sparkify: Sparkify, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lineage, "find_spec", lambda name: None)
    outcome = sparkify.etl("--json")
    assert warnings_of(outcome) == []
    assert "OpenLineage is configured, and its client is missing: pip install 'sparkify[openlineage]'" in outcome.err
    assert receiver.events == []


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("OPENLINEAGE__TRANSPORT__TYPE", "pigeon", "the client cannot be used: "),
        ("OPENLINEAGE__TRANSPORT", '{"type": "kafka"}', "the client cannot be used: "),
        ("OPENLINEAGE_URL", "nowhere", "the client cannot be used: ValueError: Need valid url"),
        ("OPENLINEAGE_NAMESPACE", "alone", "Couldn't find any OpenLineage transport configuration"),
    ],
)
def test_a_configuration_that_cannot_be_used_is_a_warning(
    variable: str, value: str, words: str, sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("OPENLINEAGE_DISABLED")
    monkeypatch.setenv(variable, value)
    assert warnings_of(sparkify.etl("--json"))[-1].startswith(f"OpenLineage: {words}")


# ---------------------------------------------------------------- servers that go wrong


def test_a_server_that_refuses_is_a_warning_for_each_event(sparkify: Sparkify, receiver: Receiver) -> None:
    receiver.status = 403
    start, end = warnings_of(sparkify.etl("--json"))
    assert start.startswith("OpenLineage: START was not sent: 403 Client Error")
    assert end.startswith("OpenLineage: COMPLETE was not sent: 403 Client Error")


def test_a_run_that_lists_only_logs_names_no_songs(filled: Sparkify, receiver: Receiver) -> None:
    assert warnings_of(filled.etl("--json", "--since", "3d")) == []
    assert receiver.states == ["START", "COMPLETE"]
    for each in receiver.events:
        assert [dataset["name"] for dataset in each["inputs"]] == [str(filled.bucket / "log_data")]


@pytest.mark.parametrize("fault", [None, InterruptError("interrupted")], ids=["done", "interrupted"])
def test_a_server_that_is_silent_is_waited_for_a_bounded_time(
    fault: SparkifyError | None, tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lineage, "TIMEOUT", 0.5)
    receiver.may_answer.clear()
    progress = Progress()
    sender = lineage.Sender(dwh_cfg.read(tmp_path, dwh_cfg.S3), progress)
    wait_for(lambda: receiver.states == ["START"])
    started = time.monotonic()
    sender.end(fault, {})
    assert time.monotonic() - started < 5
    assert progress.warnings == [
        "OpenLineage: the server did not take all events within 0.5 seconds; this changes nothing of the load"
    ]


def test_ctrl_c_ends_the_wait_for_a_server(tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    receiver.may_answer.clear()
    progress = Progress()
    sender = lineage.Sender(dwh_cfg.read(tmp_path, dwh_cfg.S3), progress)
    monkeypatch.setattr(threading.Thread, "join", interrupt)
    sender.end(None, {})
    assert progress.warnings == [
        "OpenLineage: interrupted before the server took all events; this changes nothing of the load"
    ]
