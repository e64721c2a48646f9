"""The template of the nightly load: its container is run here, with the rights of its role and no others."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from copy import deepcopy
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import pytest

from harness.in_s3 import InS3
from harness.paths import ROOT
from harness.records import event, lines, song
from harness.redshift import Access, OnRedshift, Servers
from harness.stack import Template, listed
from redshift_stand_in import s3_server
from redshift_stand_in.s3_server import Server, create_user
from sparkify.config.keys import KEYS

TEMPLATE = Template(
    ROOT / "infra" / "nightly.yaml",
    {
        "ImageUri": "123456789012.dkr.ecr.us-west-2.amazonaws.com/sparkify:1",
        "VpcId": "vpc-1",
        "SubnetIds": "subnet-1,subnet-2",
        "DataBucket": "my-data",
        "AlarmTopicArn": "arn:aws:sns:us-west-2:123456789012:sparkify",
    },
    {"LogGroup": "my-log-group", "LogGroup.Arn": "arn:aws:logs:us-west-2:123456789012:log-group:my-log-group:*"},
)

CLIENT = Template(
    ROOT / "infra" / "redshift.yaml",
    {"DataBucket": "my-data", "VpcId": "vpc-1", "SubnetIds": "subnet-1,subnet-2"},
    {"Workgroup.Workgroup.WorkgroupArn": "arn:aws:redshift-serverless:us-west-2:123456789012:workgroup/1"},
)
"""The template of Redshift, whose ClientPolicy is all that the container gets there."""

PAGE = ROOT / "docs" / "how-to" / "cloud.md"

ON_DUCKDB = {"WarehouseBucket": "my-data"}

ON_REDSHIFT = {
    "ClusterHost": "sparkify.123456789012.us-west-2.redshift-serverless.amazonaws.com",
    "Workgroup": "sparkify",
    "CopyRoleArn": "arn:aws:iam::123456789012:role/copy",
    "Work": "s3://my-work/work",
    "TaskPolicyArn": "arn:aws:iam::123456789012:policy/client",
}

numbers = count(1)


def container(**parameters: str) -> Any:
    [made] = TEMPLATE.stack("Resources", **parameters)["Task"]["Properties"]["ContainerDefinitions"]
    return made


def policies(role: str, **parameters: str) -> list[Any]:
    """The statements of a role's own policies."""
    made = TEMPLATE.stack("Resources", **parameters)[role]["Properties"]["Policies"]
    return [statement for policy in made for statement in policy["PolicyDocument"]["Statement"]]


PROGRAMS = Path(sys.executable).parent
"""Where `sparkify` is, as it is in the image."""


def run_container(
    folder: Path,
    parameters: dict[str, str],
    environment: dict[str, str],
    *commands: str,
    programs: Path = PROGRAMS,
) -> dict[str, Any]:
    """Run the container as ECS would, with an empty disk; the line with which it ends, and its whole `log`."""
    made = container(**parameters)
    disk = folder / f"disk-{next(numbers)}"
    disk.mkdir(parents=True)
    settings = {item["Name"]: item["Value"].replace("/data/", f"{disk}/") for item in made["Environment"]}
    program, *words = made["EntryPoint"]
    assert program == "python"
    path = {"PATH": f"{programs}:{os.environ['PATH']}"}
    done = subprocess.run(
        [sys.executable, *words, *(commands or made["Command"])],
        env=os.environ | path | settings | {"AWS_REGION": s3_server.REGION, "DWH_S3_REGION": ""} | environment,
        cwd=disk,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
    )
    [end] = [line for line in done.stdout.splitlines() if line.startswith('{"task"')]
    ended: dict[str, Any] = json.loads(end)
    assert ended["exit_code"] == done.returncode, done.stdout
    return ended | {"log": done.stdout}


def user_with(server: Server, statements: list[Any]) -> dict[str, str]:
    """The environment of a new user with these rights."""
    keys = create_user(server.client("iam"), f"nightly-{next(numbers)}", *statements)
    return {
        "AWS_ENDPOINT_URL": server.endpoint,
        "AWS_ACCESS_KEY_ID": keys.key,
        "AWS_SECRET_ACCESS_KEY": keys.secret,
    }


# ---------------------------------------------------------------- DuckDB


class Nights:
    """A bucket that holds the data and keeps the warehouse, and runs of the container over it."""

    def __init__(self, folder: Path, server: Server) -> None:
        self.bucket = InS3(folder / "bucket", server)
        self.bucket.put("song_data/a.json", lines([song()]))
        self.bucket.put("log_data/a.json", lines([event()]))
        self.parameters = dict.fromkeys(("DataBucket", "WarehouseBucket"), self.bucket.bucket_name)
        self.rights = policies("TaskRole", **self.parameters)
        self._folder, self._server = folder, server

    def run(
        self, *commands: str, rights: list[Any] | None = None, programs: Path = PROGRAMS, hours: str = "26"
    ) -> dict[str, Any]:
        user = user_with(self._server, self.rights if rights is None else rights) | {"MAX_AGE_HOURS": hours}
        return run_container(self._folder, self.parameters, user, *commands, programs=programs)

    def plays(self, name: str = "sparkify.duckdb") -> int:
        """How many plays a stored file has."""
        self.bucket.s3.download_file(self.bucket.bucket_name, f"warehouse/{name}", str(self._folder / name))
        with duckdb.connect(str(self._folder / name), read_only=True) as connection:
            [(plays,)] = connection.sql("select count(*) from songplays").fetchall()
        return int(plays)


@pytest.fixture
def nights(s3_server: Server, tmp_path: Path) -> Iterator[Nights]:
    made = Nights(tmp_path, s3_server)
    yield made
    s3_server.delete_bucket(made.bucket.bucket_name)


def test_each_night_goes_on_from_the_warehouse_of_the_night_before(nights: Nights) -> None:
    assert nights.run()["task"] == "done"
    assert (nights.plays(), nights.plays("published.duckdb")) == (1, 1)
    nights.bucket.put("log_data/b.json", lines([event(ts=1543604244000)]))
    night = nights.run()
    assert night["task"] == "done", night["log"]
    assert '"objects": {"new": 1, "loaded_before": 2' in night["log"]
    assert (nights.plays(), nights.plays("published.duckdb")) == (2, 2)
    assert nights.bucket.keys("warehouse/") == {"warehouse/sparkify.duckdb", "warehouse/published.duckdb"}


def test_a_night_that_fails_says_so_and_keeps_what_it_committed(nights: Nights) -> None:
    assert nights.run()["task"] == "done"
    nights.bucket.put("log_data/b.json", "no record")
    night = nights.run()
    assert (night["task"], night["exit_code"], night["last"]) == ("failed", 1, "etl --json --log json")
    assert nights.plays() == 1


def test_logs_that_are_late_are_told_from_a_load_that_failed(nights: Nights) -> None:
    night = nights.run("create-tables --quiet", "etl --json", "status --json --quiet --max-age 0s")
    assert (night["task"], night["exit_code"]) == ("late", 4)
    assert nights.plays() == 1


def test_an_hourly_run_that_goes_well_after_a_night_that_failed_is_not_told_as_late(nights: Nights) -> None:
    assert nights.run()["task"] == "done"
    nights.bucket.put("song_data/b.json", "no record")
    assert nights.run()["task"] == "failed"
    tables, _, status = container(**nights.parameters)["Command"]
    assert nights.run(tables, "etl --since 3d --json", status)["task"] == "done"


def test_a_command_that_hangs_is_killed(nights: Nights) -> None:
    night = nights.run(hours="0.00001")
    assert (night["task"], night["exit_code"], night["last"]) == ("failed", 1, "create-tables --quiet")


def test_of_two_runs_that_meet_the_later_one_replaces_nothing(nights: Nights, tmp_path: Path) -> None:
    """While a run waits between fetch and store, another run stores its warehouse."""
    assert nights.run("create-tables --quiet")["task"] == "done"
    program = tmp_path / "bin" / "sparkify"
    program.parent.mkdir()
    put = "import boto3, os; boto3.client('s3').put_object(Bucket=os.environ['WAREHOUSE_BUCKET'],"
    other = f"{put} Key='warehouse/sparkify.duckdb', Body=b'of the other run')"
    program.write_text(f"#!{sys.executable}\n{other}\n", encoding="utf-8")
    program.chmod(0o755)
    night = nights.run("etl --json", programs=program.parent)
    assert (night["task"], night["exit_code"]) == ("failed", 1)
    assert "PreconditionFailed" in night["log"]
    stored = nights.bucket.s3.get_object(Bucket=nights.bucket.bucket_name, Key="warehouse/sparkify.duckdb")
    assert stored["Body"].read() == b"of the other run"


def test_the_container_has_all_the_rights_that_it_needs_and_no_other(nights: Nights) -> None:
    """A run as the first, and one that finds a warehouse; then the same without each right on each resource."""
    assert nights.run()["task"] == "done"
    assert nights.run()["task"] == "done"
    for number, statement in enumerate(nights.rights):
        [action] = listed(statement["Action"])
        for resource in listed(statement["Resource"]):
            less = deepcopy(nights.rights)
            less[number]["Resource"] = [each for each in listed(statement["Resource"]) if each != resource]
            rights = [each for each in less if each["Resource"]]
            nights.bucket.put("log_data/new.json", lines([event(ts=1543600000000 + next(numbers))]))
            nights.bucket.put("song_data/new.json", lines([song(song_id=f"SONEW{next(numbers)}")]))
            night = nights.run("etl --json", rights=rights)
            assert night["task"] == "failed", f"{action} on {resource} is not needed"
            assert re.search("denied|forbidden|403|may not", night["log"], re.IGNORECASE), night["log"]


def test_every_right_is_on_named_buckets_prefixes_and_roles() -> None:
    for role in ("TaskRole", "ExecutionRole", "SchedulerRole"):
        for statement in policies(role, **ON_DUCKDB):
            assert statement["Effect"] == "Allow"
            assert not any("*" in action for action in listed(statement["Action"])), statement
            if statement["Action"] != "ecr:GetAuthorizationToken":
                assert "*" not in listed(statement["Resource"]), statement
    for statement in policies("TaskRole", **ON_DUCKDB):
        if statement["Action"] == "s3:ListBucket":
            assert {*listed(*[part["s3:prefix"] for part in statement["Condition"].values()])} <= {
                *("log_data/*", "song_data/*", "warehouse/sparkify.duckdb"),
            }
        else:
            assert all("/" in resource.partition(":::")[2] for resource in listed(statement["Resource"]))


# ---------------------------------------------------------------- Redshift


def test_with_redshift_the_container_has_the_rights_of_its_clients_alone() -> None:
    role = TEMPLATE.stack("Resources", **ON_REDSHIFT)["TaskRole"]["Properties"]
    assert role["Policies"] == []
    assert role["ManagedPolicyArns"] == [ON_REDSHIFT["TaskPolicyArn"]]
    assert "ManagedPolicyArns" not in TEMPLATE.stack("Resources", **ON_DUCKDB)["TaskRole"]["Properties"]


def test_a_night_in_redshift_needs_nothing_but_the_policy_of_its_clients(servers: Servers, tmp_path: Path) -> None:
    with servers.without_tables(tmp_path / "sparkify", Access()) as made:
        made.put("song_data/a.json", lines([song()]))
        made.put("log_data/a.json", lines([event()]))
        buckets = dict.fromkeys(("DataBucket", "WorkBucket"), made.bucket_name)
        policy = CLIENT.stack("Resources", **buckets)["ClientPolicy"]["Properties"]["PolicyDocument"]
        night = in_redshift(made, tmp_path, policy["Statement"])
        assert night["task"] == "done", night["log"]
        assert made.queries(["select count(*) from songplays"]) == [[(1,)]]
        made.put("log_data/b.json", lines([event(ts=1543604244000)]))
        without_work = [each for each in policy["Statement"] if each["Sid"] != "WriteWork"]
        night = in_redshift(made, tmp_path, without_work)
        assert (night["task"], night["last"]) == ("failed", "etl --json --log json")


def in_redshift(made: OnRedshift, folder: Path, rights: list[Any]) -> dict[str, Any]:
    """Run the container on the stand-in, which knows no login by IAM and no TLS."""
    stand_in = made.stand_in
    login = {
        "DWH_CLUSTER_HOST": stand_in.host,
        "DWH_CLUSTER_DB_PORT": str(stand_in.port),
        "DWH_CLUSTER_DB_NAME": made.database_name,
        "DWH_CLUSTER_DB_USER": stand_in.user,
        "DWH_CLUSTER_DB_PASSWORD": stand_in.password,
        "DWH_CLUSTER_SSLMODE": "disable",
        "DWH_CLUSTER_WORKGROUP": "",
        "DWH_IAM_ROLE_ARN": made.servers.roles["reader"],
    }
    given = ON_REDSHIFT | {"DataBucket": made.bucket_name, "Work": f"s3://{made.bucket_name}/work"}
    return run_container(folder, given, user_with(made.server, rights) | login)


# ---------------------------------------------------------------- the rest of the template


@pytest.mark.parametrize("region", ["us-east-1", "us-west-2", "eu-central-1"])
def test_cfn_lint_finds_nothing(region: str) -> None:
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--regions", region, "--", str(TEMPLATE.path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


@pytest.mark.parametrize(
    ("parameters", "holds"),
    [
        (ON_DUCKDB, True),
        (ON_REDSHIFT, True),
        ({}, False),
        (ON_DUCKDB | ON_REDSHIFT, False),
        (ON_REDSHIFT | {"CopyRoleArn": ""}, False),
        (ON_REDSHIFT | {"TaskPolicyArn": ""}, False),
    ],
)
def test_the_warehouse_is_in_one_place_with_all_that_it_needs(parameters: dict[str, str], holds: bool) -> None:
    rules = TEMPLATE.stack("Rules", **parameters).values()
    assert all(a["Assert"] for rule in rules if rule["RuleCondition"] for a in rule["Assertions"]) == holds


def test_the_program_knows_every_key_of_the_environment_and_none_is_a_secret() -> None:
    names = {item["Name"] for item in container(**ON_REDSHIFT)["Environment"]}
    known = {f"DWH_{section}_{key}": key for section, keys in KEYS.items() for key in keys}
    assert names - known.keys() == {"AWS_REGION", "MAX_AGE_HOURS", "WAREHOUSE_BUCKET", "WAREHOUSE_PREFIX"}
    assert not {known.get(name) for name in names} & {"DB_PASSWORD", "KEY", "SECRET"}
    assert not any("NoEcho" in parameter for parameter in TEMPLATE.content["Parameters"].values())


def test_each_alarm_counts_the_lines_that_it_is_for() -> None:
    resources = TEMPLATE.stack("Resources", **ON_DUCKDB)
    properties = {name: resource.get("Properties", {}) for name, resource in resources.items()}
    patterns = {
        (metric["MetricNamespace"], metric["MetricName"]): part["FilterPattern"]
        for part in properties.values()
        for metric in part.get("MetricTransformations", ())
    }
    counted = {}
    for name, alarm in properties.items():
        if "AlarmActions" in alarm:
            assert alarm["AlarmActions"] == [TEMPLATE.parameters["AlarmTopicArn"]]
            pattern = patterns[alarm["Namespace"], alarm["MetricName"]]
            assert re.fullmatch(r"\{ \(?\$\.task = \"\w+\"\)?( \|\| \(\$\.task = \"\w+\"\))* \}", pattern)
            counted[name] = set(re.findall(r'\$\.task = "(\w+)"', pattern))
    assert counted == {"FailedAlarm": {"failed"}, "LateAlarm": {"late"}, "MissedAlarm": {"done", "late", "failed"}}


def test_a_run_is_missed_when_the_log_is_silent_for_as_long_as_logs_may_be_old() -> None:
    resources = TEMPLATE.stack("Resources", MaxAgeHours="30", **ON_DUCKDB)
    alarm = resources["MissedAlarm"]["Properties"]
    assert (alarm["TreatMissingData"], alarm["Period"], alarm["EvaluationPeriods"]) == ("breaching", 3600, "30")
    assert container(MaxAgeHours="30", **ON_DUCKDB)["Command"][-1].endswith(" --max-age 30h")
    longest = TEMPLATE.content["Parameters"]["MaxAgeHours"]["MaxValue"]
    assert longest * alarm["Period"] <= 604_800, "an alarm looks back seven days at most"


def test_nobody_can_connect_to_the_container() -> None:
    assert "SecurityGroupIngress" not in TEMPLATE.stack("Resources", **ON_DUCKDB)["SecurityGroup"]["Properties"]


@pytest.mark.parametrize("name", ["LogPrefix", "SongPrefix", "JsonPathsKey", "WarehousePrefix", "DataBucket"])
@pytest.mark.parametrize("text", ["*", "log_data/*", "log?", "${aws:username}", "/log_data", "log_data/", "a//b"])
def test_nothing_that_widens_a_policy_is_taken_for_a_prefix(name: str, text: str) -> None:
    assert not re.fullmatch(TEMPLATE.content["Parameters"][name]["AllowedPattern"], text)


def test_the_page_names_parameters_resources_and_outputs_as_they_are() -> None:
    text = PAGE.read_text(encoding="utf-8")
    blocks = "\n".join(re.findall(r"^```sh[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    parameters = set(re.findall(r"\b([A-Z][a-z]\w+)=", blocks)) | set(re.findall(r"`([A-Z][a-z]\w+)=", text))
    assert parameters >= {"ImageUri", "VpcId", "SubnetIds", "DataBucket", "AlarmTopicArn", *ON_DUCKDB}
    assert parameters >= {"ClusterHost", "Workgroup", "CopyRoleArn", "Work", "TaskPolicyArn"}
    of_both = TEMPLATE.content["Parameters"].keys() | CLIENT.content["Parameters"].keys()
    assert parameters <= of_both | {"Name", "Values", "OutputKey"}
    outputs = set(re.findall(r"\boutput ([A-Z]\w+)", blocks))
    assert outputs
    assert outputs <= TEMPLATE.content["Outputs"].keys() | CLIENT.content["Outputs"].keys()
