"""The CloudFormation template: what cfn-lint says of it, and what cfn-lint does not look at."""

import configparser
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from harness.paths import ROOT
from harness.redshift import Access, OnRedshift, Servers
from harness.stack import Template, allowed, listed
from sparkify import config
from sparkify.config.keys import KEYS
from sparkify.engines.exports import MARKER as EXPORT_MARKER
from sparkify.engines.whole_export import MANIFEST
from sparkify.sample import write_sample

PAGE = ROOT / "docs" / "redshift-setup.md"

GIVEN = {"DataBucket": "my-data", "VpcId": "vpc-1", "SubnetIds": "subnet-1,subnet-2"}
"""The parameters that have no default."""

ATTRIBUTES = {
    "CopyRole.Arn": "arn:aws:iam::123456789012:role/copy",
    "NewWorkBucket": "new-work",
    "NewWorkBucket.Arn": "arn:aws:s3:::new-work",
    "Workgroup": "sparkify",
    "Workgroup.Workgroup.Endpoint.Address": "sparkify.123456789012.us-west-2.redshift-serverless.amazonaws.com",
    "Workgroup.Workgroup.WorkgroupArn": "arn:aws:redshift-serverless:us-west-2:123456789012:workgroup/1",
}
"""What AWS would answer for a resource."""

TEMPLATE = Template(ROOT / "infra" / "redshift.yaml", GIVEN, ATTRIBUTES)

WORK_BUCKETS = {"create": "new-work", "my-work": "my-work", "none": None}
"""The values of WorkBucket, and the bucket that each leads to."""

PREFIXES = ("LogPrefix", "SongPrefix", "JsonPathsKey", "WorkPrefix", "ExportPrefix")

EXPORT_BUCKETS = ("my-exports", "my-data")
"""Values of ExportBucket, beside none: one of its own, and that of the data."""

DATA = {f"arn:aws:s3:::my-data/{key}" for key in ("log_data/*", "song_data/*", "log_json_path.json")}
"""What COPY and the client read of the data."""


def rights_of_copy(**parameters: str) -> list[Any]:
    policies = TEMPLATE.stack("Resources", **parameters)["CopyRole"]["Properties"]["Policies"]
    return [statement for policy in policies for statement in listed(policy["PolicyDocument"]["Statement"])]


def rights_of_the_client(**parameters: str) -> list[Any]:
    policy = TEMPLATE.stack("Resources", **parameters)["ClientPolicy"]["Properties"]["PolicyDocument"]
    return listed(policy["Statement"])


def all_rights() -> Iterator[Any]:
    for work, exports in product(WORK_BUCKETS, ("", *EXPORT_BUCKETS)):
        yield from rights_of_copy(WorkBucket=work, ExportBucket=exports)
        yield from rights_of_the_client(WorkBucket=work, ExportBucket=exports)


@pytest.mark.parametrize("region", ["us-east-1", "us-west-2", "eu-central-1"])
def test_cfn_lint_finds_nothing(region: str) -> None:
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--regions", region, "--", str(TEMPLATE.path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_everything_that_a_person_sees_is_described() -> None:
    for part in [*TEMPLATE.content["Parameters"].values(), *TEMPLATE.content["Outputs"].values()]:
        assert len(part["Description"].split()) > 2, part


def test_every_parameter_says_what_it_takes() -> None:
    for name, parameter in TEMPLATE.content["Parameters"].items():
        checked_by_aws = parameter["Type"].startswith(("AWS::", "List<AWS::"))
        checks = {"AllowedPattern", "AllowedValues", "MaxValue"} & parameter.keys()
        assert checked_by_aws or checks, name


@pytest.mark.parametrize("name", [*PREFIXES, "DataBucket", "WorkBucket", "ExportBucket"])
@pytest.mark.parametrize("text", ["*", "log_data/*", "log?", "${aws:username}", "/log_data", "log_data/", "a//b"])
def test_nothing_that_widens_a_policy_is_taken_for_a_prefix(name: str, text: str) -> None:
    assert not re.fullmatch(TEMPLATE.content["Parameters"][name]["AllowedPattern"], text)


def test_nobody_can_reach_the_database_by_default() -> None:
    resources = TEMPLATE.stack("Resources")
    assert resources["Workgroup"]["Properties"]["PubliclyAccessible"] == "false"
    assert resources["SecurityGroup"]["Properties"]["SecurityGroupIngress"] == []


def test_a_public_address_is_open_to_the_named_ones_only() -> None:
    resources = TEMPLATE.stack("Resources", PubliclyAccessible="true", ClientCidr="203.0.113.7/32")
    assert resources["Workgroup"]["Properties"]["PubliclyAccessible"] == "true"
    [rule] = resources["SecurityGroup"]["Properties"]["SecurityGroupIngress"]
    assert (rule["CidrIp"], rule["FromPort"], rule["ToPort"]) == ("203.0.113.7/32", 5439, 5439)


def test_a_public_address_without_saying_from_where_is_refused() -> None:
    rules = TEMPLATE.stack("Rules", PubliclyAccessible="true")
    assert rules["PublicMeansFromSomewhere"]["RuleCondition"]
    assert [a["Assert"] for a in rules["PublicMeansFromSomewhere"]["Assertions"]] == [False]


@pytest.mark.parametrize("cidr", ["0.0.0.0/0", "0.0.0.0/00", "203.0.113.7", "203.0.113.7/33", "::/0"])
def test_the_whole_internet_is_refused(cidr: str) -> None:
    assert not re.fullmatch(TEMPLATE.content["Parameters"]["ClientCidr"]["AllowedPattern"], cidr)


def test_a_connection_without_tls_is_refused() -> None:
    parameters = TEMPLATE.stack("Resources")["Workgroup"]["Properties"]["ConfigParameters"]
    assert {"ParameterKey": "require_ssl", "ParameterValue": "true"} in parameters


def test_a_statement_is_ended_after_an_hour_or_as_many_seconds_as_are_named() -> None:
    for given, expected in (({}, "3600"), ({"MaxQuerySeconds": "600"}, "600")):
        parameters = TEMPLATE.stack("Resources", **given)["Workgroup"]["Properties"]["ConfigParameters"]
        assert {"ParameterKey": "max_query_execution_time", "ParameterValue": expected} in parameters


def test_no_password_goes_through_the_template() -> None:
    namespace = TEMPLATE.stack("Resources")["Namespace"]["Properties"]
    assert namespace["ManageAdminPassword"] is True
    assert "AdminUserPassword" not in namespace
    assert not any("NoEcho" in parameter for parameter in TEMPLATE.content["Parameters"].values())


def test_no_right_is_wider_than_a_prefix() -> None:
    for statement in all_rights():
        assert statement["Effect"] == "Allow"
        assert not any("*" in action for action in listed(statement["Action"])), statement
        for resource in listed(statement["Resource"]):
            assert re.fullmatch(rf"arn:aws:[a-z0-9-]+:[^*]*[^*/](/\*(/({EXPORT_MARKER}|{MANIFEST}))?)?", resource), (
                statement
            )
            assert not re.fullmatch(r"arn:aws:s3:::[^/]*/\*", resource), statement


def test_listing_stops_at_the_prefixes() -> None:
    listings = [statement for statement in all_rights() if "s3:ListBucket" in listed(statement["Action"])]
    assert listings
    for statement in listings:
        prefixes = set(listed(statement["Condition"]["StringLike"]["s3:prefix"]))
        assert prefixes in ({"log_data/*", "song_data/*", "log_json_path.json"}, {"work/*"}, {"export/*"})


@pytest.mark.parametrize("work", WORK_BUCKETS)
def test_without_an_export_bucket_the_copy_role_reads_what_copy_reads_and_writes_nothing(work: str) -> None:
    statements = rights_of_copy(WorkBucket=work)
    assert {action for s in statements for action in listed(s["Action"])} == {
        *("s3:GetBucketLocation", "s3:GetObject", "s3:ListBucket"),
    }
    bucket = WORK_BUCKETS[work]
    assert allowed(statements, "s3:GetObject") == DATA | ({f"arn:aws:s3:::{bucket}/work/*"} if bucket else set())


@pytest.mark.parametrize("bucket", EXPORT_BUCKETS)
def test_the_copy_role_writes_below_the_export_prefix_only_and_deletes_nothing(bucket: str) -> None:
    without, statements = (rights_of_copy(WorkBucket="none", ExportBucket=name) for name in ("", bucket))
    more = [statement for statement in statements if statement not in without]
    assert {action for s in more for action in listed(s["Action"])} == {
        *("s3:GetBucketLocation", "s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"),
    }
    for action in ("s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"):
        assert allowed(more, action) == {f"arn:aws:s3:::{bucket}/export/*"}
    for action in ("s3:GetBucketLocation", "s3:ListBucket"):
        assert allowed(more, action) == {f"arn:aws:s3:::{bucket}"}
    assert len(statements) == len(without) + len(more)


def test_only_redshift_and_only_for_this_account_assumes_the_copy_role() -> None:
    [statement] = TEMPLATE.stack("Resources")["CopyRole"]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
    services = {"redshift.amazonaws.com", "redshift-serverless.amazonaws.com"}
    assert set(statement["Principal"]) == {"Service"}
    assert set(statement["Principal"]["Service"]) == services
    external_id = "arn:aws:redshift:us-west-2:123456789012:dbuser:*/*"
    assert statement["Condition"] == {"StringLike": {"sts:ExternalId": external_id}}


@pytest.mark.parametrize("work", WORK_BUCKETS)
def test_the_client_writes_in_the_work_prefix_only(work: str) -> None:
    statements, bucket = rights_of_the_client(WorkBucket=work), WORK_BUCKETS[work]
    for action in ("s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"):
        assert allowed(statements, action) == ({f"arn:aws:s3:::{bucket}/work/*"} if bucket else set())
    login = ATTRIBUTES["Workgroup.Workgroup.WorkgroupArn"]
    assert allowed(statements, "redshift-serverless:GetCredentials") == {login}


@pytest.mark.parametrize("bucket", EXPORT_BUCKETS)
def test_the_client_deletes_and_marks_exports_and_reads_and_writes_nothing_else_there(bucket: str) -> None:
    without, statements = (rights_of_the_client(WorkBucket="none", ExportBucket=name) for name in ("", bucket))
    listing, deletion, marker = (statement for statement in statements if statement not in without)
    assert allowed([listing], "s3:ListBucket") == {f"arn:aws:s3:::{bucket}"}
    assert allowed([deletion], "s3:DeleteObject") == {f"arn:aws:s3:::{bucket}/export/*"}
    marker_files = {
        f"arn:aws:s3:::{bucket}/export/{name}"
        for name in ("*/_sparkify_export.json", "_sparkify_warehouse.json", "*/_sparkify_warehouse.json")
    }
    for action in ("s3:GetObject", "s3:PutObject"):
        assert allowed([marker], action) == marker_files
    assert allowed(statements, "s3:PutObject") == marker_files
    assert allowed(statements, "s3:GetObject") == DATA | marker_files


@pytest.fixture
def in_the_stack(servers: Servers, tmp_path: Path) -> Iterator[OnRedshift]:
    """A sample in a bucket that is all buckets of a stack, and a database: with the rights of the stack alone."""
    write_sample(tmp_path / "sample", 3, 30, seed=1)
    with servers.without_tables(tmp_path / "sparkify", Access()) as made:
        made.put_all(tmp_path / "sample")
        buckets = dict.fromkeys(("DataBucket", "WorkBucket", "ExportBucket"), made.bucket_name)
        servers.add_role("of-the-stack", *rights_of_copy(**buckets))
        servers.add_user("of-the-stack", *rights_of_the_client(**buckets))
        made.use(role="of-the-stack", user="of-the-stack")
        yield made


def test_the_rights_of_the_stack_are_enough_to_load_to_export_and_to_import_and_for_no_other_place(
    in_the_stack: OnRedshift,
) -> None:
    exports = f"{in_the_stack.store}/export"
    commands = [["create-tables"], ["doctor"], ["etl"], ["check"], ["export", exports]]
    for name, *options in [*commands, ["export", exports, "--overwrite"], ["export", f"{exports}/2018"]]:
        done = in_the_stack.command(name, *options)
        assert done.exit_code == 0, done.err
    whole = f"{exports}/whole"
    for name, *options in [["export", whole, "--whole"], ["create-tables", "--drop", "--yes"], ["import", whole]]:
        done = in_the_stack.command(name, *options)
        assert done.exit_code == 0, done.err
    for prefix, exit_code in {"elsewhere": 3, "log_data": 2}.items():
        done = in_the_stack.command("export", f"{in_the_stack.store}/{prefix}", "--overwrite")
        assert done.exit_code == exit_code, done.err


def test_the_key_of_an_encrypted_bucket_is_for_reading() -> None:
    key = "arn:aws:kms:us-west-2:123456789012:key/1"
    for rights in (rights_of_copy, rights_of_the_client):
        statements = rights(DataKmsKeyArn=key, ExportBucket="my-data")
        assert allowed(statements, "kms:Decrypt") == {key}
        assert allowed(statements, "kms:GenerateDataKey") == set()


def test_the_key_of_an_encrypted_work_bucket_is_for_reading_and_the_client_writes_with_it() -> None:
    key = "arn:aws:kms:us-west-2:123456789012:key/2"
    given = {"WorkBucket": "my-work", "WorkKmsKeyArn": key}
    assert allowed(rights_of_copy(**given), "kms:Decrypt") == {key}
    assert allowed(rights_of_copy(**given), "kms:GenerateDataKey") == set()
    for action in ("kms:Decrypt", "kms:GenerateDataKey"):
        assert allowed(rights_of_the_client(**given), action) == {key}
        assert allowed(rights_of_the_client(WorkBucket="my-work"), action) == set()


@pytest.mark.parametrize(("bucket", "is_taken"), [("create", False), ("none", False), ("my-work", True)])
def test_a_key_of_work_is_taken_for_a_bucket_that_exists_only(bucket: str, is_taken: bool) -> None:
    key = "arn:aws:kms:us-west-2:123456789012:key/2"
    rule = TEMPLATE.stack("Rules", WorkBucket=bucket, WorkKmsKeyArn=key)["AKeyOfWorkIsThatOfABucketThatExists"]
    assert rule["RuleCondition"]
    assert [a["Assert"] for a in rule["Assertions"]] == [is_taken]
    assert not TEMPLATE.stack("Rules", WorkBucket=bucket)["AKeyOfWorkIsThatOfABucketThatExists"]["RuleCondition"]


def test_the_client_reads_the_secret_that_is_named_and_no_other() -> None:
    arn = "arn:aws:secretsmanager:us-west-2:123456789012:secret:loader-AbCdEf"
    assert allowed(rights_of_the_client(ClientSecretArn=arn), "secretsmanager:GetSecretValue") == {arn}
    assert allowed(rights_of_the_client(), "secretsmanager:GetSecretValue") == set()
    assert f"DB_SECRET_ARN = {arn}\n" in TEMPLATE.stack("Outputs", ClientSecretArn=arn)["DwhCfg"]["Value"]
    pattern = TEMPLATE.content["Parameters"]["ClientSecretArn"]["AllowedPattern"]
    assert re.fullmatch(pattern, arn)
    assert re.fullmatch(pattern, arn.replace("loader", "redshift!sparkify-admin"))
    assert not re.fullmatch(pattern, arn.replace("loader", "*"))


def test_the_work_bucket_is_closed_encrypted_and_empties_itself() -> None:
    resources = TEMPLATE.stack("Resources")
    bucket = resources["NewWorkBucket"]["Properties"]
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    [rule] = bucket["LifecycleConfiguration"]["Rules"]
    assert (rule["Status"], rule["ExpirationInDays"]) == ("Enabled", 1)
    assert rule["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}
    assert "VersioningConfiguration" not in bucket
    [statement] = resources["NewWorkBucketPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    assert (statement["Effect"], statement["Action"]) == ("Deny", "s3:*")
    assert set(statement["Resource"]) == {"arn:aws:s3:::new-work", "arn:aws:s3:::new-work/*"}
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@pytest.mark.parametrize("work", ["my-work", "none"])
def test_no_bucket_is_made_that_was_not_asked_for(work: str) -> None:
    assert not {"NewWorkBucket", "NewWorkBucketPolicy"} & set(TEMPLATE.stack("Resources", WorkBucket=work))


def test_nothing_outlives_the_stack() -> None:
    for name, resource in TEMPLATE.content["Resources"].items():
        for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
            assert resource.get(policy, "Delete") == "Delete", name
        assert "FinalSnapshotName" not in resource["Properties"], name


def lines_of(work: str) -> dict[tuple[str, str], str]:
    """The value of each section and key in the output that is a whole dwh.cfg."""
    parser = configparser.RawConfigParser()
    parser.read_string(TEMPLATE.stack("Outputs", WorkBucket=work)["DwhCfg"]["Value"])
    return {(section, key.upper()): text for section in parser.sections() for key, text in parser.items(section)}


@pytest.mark.parametrize("work", WORK_BUCKETS)
def test_the_outputs_are_the_lines_of_dwh_cfg(work: str) -> None:
    outputs = TEMPLATE.stack("Outputs", WorkBucket=work)
    outputs.pop("DwhCfg")
    keys = {name: re.match(r"\[(\w+)\] (\w+): ", output["Description"]) for name, output in outputs.items()}
    single = {(key[1], key[2]): outputs[name]["Value"] for name, key in keys.items() if key}
    assert len(single) == len(outputs)
    assert single == {place: text for place, text in lines_of(work).items() if text}


def test_the_program_knows_every_key_of_the_outputs() -> None:
    for section, key in lines_of("create"):
        assert key in KEYS[section], f"[{section}] {key}"


def test_the_outputs_say_all_that_redshift_needs() -> None:
    assert set(lines_of("create")) == {
        *(("CLUSTER", key) for key in ("HOST", "DB_NAME", "DB_PORT", "WORKGROUP", "DB_SECRET_ARN")),
        ("IAM_ROLE", "ARN"),
        *(("S3", key) for key in ("LOG_DATA", "LOG_JSONPATH", "SONG_DATA", "WORK", "REGION")),
    }


@pytest.mark.parametrize("work", WORK_BUCKETS)
def test_the_program_reads_the_dwh_cfg_of_the_outputs(work: str, tmp_path: Path) -> None:
    (tmp_path / "dwh.cfg").write_text(TEMPLATE.stack("Outputs", WorkBucket=work)["DwhCfg"]["Value"], encoding="utf-8")
    read = config.load(tmp_path / "dwh.cfg", environment={})
    assert read.warnings == ()
    assert read.cluster
    assert read.cluster.host == ATTRIBUTES["Workgroup.Workgroup.Endpoint.Address"]
    assert bool(read.cluster.work) == (work != "none")
    assert read.store.log_data == "s3://my-data/log_data"
    assert read.store.region == "us-west-2"


def test_the_page_names_parameters_resources_and_outputs_as_they_are() -> None:
    text = PAGE.read_text(encoding="utf-8")
    blocks = "\n".join(re.findall(r"^```sh[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    given = "\n".join(line for line in blocks.splitlines() if re.search(r"--parameter-overrides|^ACCESS=", line))
    parameters = {*re.findall(r"\b([A-Z][a-z]\w+)=", given), *re.findall(r"`([A-Z][a-z]\w+)=", text)}
    assert parameters >= {*GIVEN, "PubliclyAccessible", "ClientCidr", "ClientSecurityGroupId"}
    assert parameters <= set(TEMPLATE.content["Parameters"])
    assert set(re.findall(r"--logical-resource-id (\w+)", blocks)) <= set(TEMPLATE.content["Resources"])
    outputs = set(re.findall(r"OutputKey=='(\w+)'", blocks))
    assert outputs
    assert outputs <= set(TEMPLATE.content["Outputs"])


def test_the_page_names_the_keys_as_the_program_reads_them() -> None:
    text = PAGE.read_text(encoding="utf-8")
    variables = {f"DWH_{section}_{key}" for section, keys in KEYS.items() for key in keys}
    assert set(re.findall(r"\bDWH_\w+", text)) <= variables
