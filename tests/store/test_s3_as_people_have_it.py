"""S3 as people have it: regions, public buckets, bills, endpoints, refusals with a code, and odd keys."""

import json
import os
import re
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.records import event, lines, many_events, song
from harness.s3_double import XML, Answer, Request, S3Double, error
from harness.warehouse import Sparkify
from redshift_stand_in.ports import free_port


@pytest.fixture
def loader(sparkify: Sparkify, double: S3Double) -> Sparkify:
    """A warehouse that loads a song, a small and a large log from the bucket `music`."""
    double.buckets["music"] |= {
        "log_data/a.json": lines([event()]).encode(),
        "log_data/large.json": "\n".join(many_events(70_000)).encode(),
        "song_data/a.json": lines([song()]).encode(),
    }
    sparkify.configure(store="s3://music")
    return sparkify


def refused(loader: Sparkify) -> str:
    """The last sentence of a run that ends with exit code 3 and changes nothing."""
    text = loader.refused(3)
    assert text.startswith("error: s3://music")
    return text


Refuse = Callable[[str, int, str], None]
"""Have S3 refuse the object of a key, or every listing, with a status and a code; the client asks once."""


@pytest.fixture
def refuse(double: S3Double, monkeypatch: pytest.MonkeyPatch) -> Refuse:
    monkeypatch.setattr("sparkify.store.s3.clients.ATTEMPTS", 1)

    def refuse(key: str, status: int, code: str) -> None:
        double.hook = lambda request: error(status, code, "in its own words") if request.key == key else None

    return refuse


FIXES = {
    "RequestTimeTooSkewed": (403, "clock"),
    "ExpiredToken": (400, "expired"),
    "AccessDenied": (403, "credentials"),
    "SignatureDoesNotMatch": (403, "secret"),
    "InvalidAccessKeyId": (403, "access key"),
    "NoSuchBucket": (404, "bucket's name"),
    "SlowDown": (503, "run again later"),
    "NeverHeardOf": (400, "AWS_ENDPOINT_URL"),
}


@pytest.mark.parametrize("code", FIXES)
@pytest.mark.parametrize("key", ["", "log_data/a.json", "log_data/large.json"])
def test_a_refusal_shows_the_code_and_the_message_of_s3_and_what_to_do(
    key: str, code: str, loader: Sparkify, refuse: Refuse
) -> None:
    status, fix = FIXES[code]
    refuse(key, status, code)
    text = refused(loader)
    for part in (code, "in its own words", fix):
        assert part in text
    assert "<" not in text


OF_ONE_OBJECT = {
    "InvalidObjectState": (403, "is archived (Glacier): restore it"),
    "KMS.DisabledException": (400, "its KMS key is disabled"),
    "KMS.NotFoundException": (400, "its KMS key is gone"),
}


@pytest.mark.parametrize("code", OF_ONE_OBJECT)
@pytest.mark.parametrize("key", ["log_data/a.json", "log_data/large.json", "song_data/a.json"])
def test_an_object_that_nobody_can_read_fails_a_run_that_loads_all_others(
    key: str, code: str, loader: Sparkify, double: S3Double, refuse: Refuse
) -> None:
    status, words = OF_ONE_OBJECT[code]
    refuse(key, status, code)
    outcome = loader.etl()
    assert outcome.exit_code == 3
    assert "objects     2 new" in outcome.out
    said, stays = outcome.err.splitlines()[-2:]
    assert said.startswith(f"error: s3://music/{key}: {words}")
    assert said.endswith(f"({status} {code}: in its own words)")
    assert stays == "what could be read is loaded"
    assert len(loader.query("select object from load_history")) == 2
    assert loader.query("select status, batches from runs") == [("failed", 1)]
    assert f"s3://music/{key}: {words}" in refused(loader)
    double.hook = lambda request: None
    loader.loaded()
    assert len(loader.query("select object from load_history")) == 3


def test_of_many_objects_that_are_left_out_the_first_are_named_and_the_others_counted(
    loader: Sparkify, double: S3Double
) -> None:
    archived = {f"log_data/2017/{n}.json": lines([event(ts=n)]).encode() for n in range(8)}
    double.buckets["music"] |= archived
    double.hook = lambda request: error(403, "InvalidObjectState") if request.key in archived else None
    outcome = loader.etl("--json")
    told = json.loads(outcome.out)
    assert (told["ok"], told["exit_code"], told["objects"]["new"]) == (False, 3, 3)
    assert told["stays"] == "what could be read is loaded"
    assert outcome.err.count("is archived") == 2 * 5, "once when it is left out, and once at the end"
    assert "3 more objects cannot be read" in outcome.err


def test_the_user_and_password_of_an_endpoint_are_not_shown(loader: Sparkify, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://user:hunter2@127.0.0.1:{free_port()}")
    assert "hunter2" not in refused(loader)


@pytest.mark.parametrize("setting", ["AWS_REGION", "[S3] REGION"])
def test_requests_are_signed_for_the_region_that_is_set(
    setting: str, loader: Sparkify, double: S3Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "eu-west-3" if setting == "AWS_REGION" else "us-west-2")
    if setting != "AWS_REGION":
        monkeypatch.setenv("DWH_S3_REGION", "eu-west-3")
    loader.loaded()
    assert {request.region for request in double.requests} == {"eu-west-3"}


REDIRECTS = {
    "301": error(301, "PermanentRedirect", "use another endpoint", x_amz_bucket_region="eu-central-1"),
    "400": error(400, "AuthorizationHeaderMalformed", "wrong region", more="<Region>eu-central-1</Region>"),
}


@pytest.mark.parametrize("status", REDIRECTS)
def test_a_bucket_in_another_region_is_followed_there(status: str, loader: Sparkify, double: S3Double) -> None:
    double.hook = lambda request: None if request.region == "eu-central-1" else REDIRECTS[status]
    loader.loaded()
    assert {request.region for request in double.requests if request.key == "log_data/a.json"} == {"eu-central-1"}


def test_a_public_bucket_is_read_unsigned_where_there_are_no_credentials(
    loader: Sparkify, double: S3Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert "no AWS credentials were found" in loader.loaded().err
    assert not [request for request in double.requests if "Authorization" in request.headers]


def test_a_bucket_that_is_not_public_says_how_to_give_credentials(
    loader: Sparkify, double: S3Double, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    double.hook = lambda request: error(403, "AccessDenied")
    text = refused(loader)
    assert "read unsigned" in text
    assert "AWS_PROFILE" in text


def test_a_bucket_whose_reader_pays_is_read_with_a_warning(loader: Sparkify, double: S3Double) -> None:
    def charge(request: Request) -> Answer:
        if request.headers.get("x-amz-request-payer") != "requester":
            return error(403, "AccessDenied")
        right = double.answer(request)
        return Answer(right.status, {**right.headers, "x-amz-request-charged": "requester"}, right.body)

    double.hook = charge
    assert "requester pays" in loader.loaded().err


def write_profile(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the credentials come from the default profile, and from nowhere else."""
    settings = tmp_path / "aws-config"
    settings.write_text(f"[default]\n{text}\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(settings))
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")


def soon() -> str:
    """When credentials expire that botocore renews at their next use: within ten minutes."""
    return f"{datetime.now(UTC) + timedelta(minutes=5):%Y-%m-%dT%H:%M:%SZ}"


def expiring(double: S3Double, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every key that was used before a song was read, once the song has been read."""
    monkeypatch.setattr("sparkify.store.s3.clients.ATTEMPTS", 1)
    expired: set[str] = set()

    def answer(request: Request) -> Answer | None:
        if request.access_key in expired:
            return error(400, "ExpiredToken")
        if request.key == "song_data/a.json":
            time.sleep(1.5)  # obstore asks for credentials at most once a second
            expired.update(each.access_key for each in double.requests)
        return None

    double.hook = answer


def test_credentials_of_a_process_that_expire_during_a_run_are_renewed(
    loader: Sparkify, double: S3Double, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "credentials.py"
    program.write_text(
        "import json, time\n"
        "print(json.dumps({'Version': 1, 'AccessKeyId': f'AK{time.time_ns()}', 'SecretAccessKey': 's',"
        f" 'SessionToken': 't', 'Expiration': '{soon()}'}}))\n"
    )
    write_profile(f"credential_process = {sys.executable} {program}", tmp_path, monkeypatch)
    expiring(double, monkeypatch)
    loader.loaded()
    assert len({request.access_key for request in double.requests}) > 2


def test_a_role_of_a_profile_is_assumed_again_when_its_credentials_expire(
    loader: Sparkify, double: S3Double, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write_profile(
        "role_arn = arn:aws:iam::123456789012:role/reader\nsource_profile = person\nregion = us-east-1\n"
        "[profile person]\naws_access_key_id = AKPERSON\naws_secret_access_key = secret",
        tmp_path,
        monkeypatch,
    )
    expiring(double, monkeypatch)
    of_s3 = double.hook
    roles = []

    def answer(request: Request) -> Answer | None:
        if b"Action=AssumeRole" not in request.body:
            return of_s3(request)
        roles.append(request.access_key)
        fields = {"AccessKeyId": f"AKROLE{len(roles)}", "SecretAccessKey": "s", "SessionToken": "t"}
        text = "".join(f"<{name}>{value}</{name}>" for name, value in {**fields, "Expiration": soon()}.items())
        result = f"<AssumeRoleResult><Credentials>{text}</Credentials></AssumeRoleResult>"
        return Answer(200, XML, f"<AssumeRoleResponse>{result}</AssumeRoleResponse>".encode())

    double.hook = answer
    loader.loaded()
    assert len(roles) > 2
    assert {*roles} == {"AKPERSON"}


def test_an_endpoint_may_have_a_path(loader: Sparkify, double: S3Double, monkeypatch: pytest.MonkeyPatch) -> None:
    double.base = "/some/path"
    monkeypatch.setenv("AWS_ENDPOINT_URL", double.endpoint)
    loader.loaded()


def test_a_bucket_may_be_a_part_of_the_host_and_lie_behind_a_proxy(
    loader: Sparkify, double: S3Double, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = tmp_path / "aws-config"
    settings.write_text("[default]\ns3 =\n  addressing_style = virtual\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(settings))
    for name in [name for name in os.environ if name.lower() == "no_proxy"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("http_proxy", double.endpoint)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://store.test")
    loader.loaded()
    assert {request.host for request in double.requests} == {"music.store.test"}


@pytest.mark.parametrize("location", ["log_dat", "LOG_DATA", "log_data/2017", "log_data.json"])
def test_a_prefix_without_any_object_is_an_error_that_names_what_is_near(location: str, loader: Sparkify) -> None:
    text = loader.config.read_text()
    loader.config.write_text(text.replace("s3://music/log_data\n", f"s3://music/{location}\n"))
    assert "s3://music/log_data/" in refused(loader).partition("there is ")[2]


def test_a_single_object_is_loaded(loader: Sparkify) -> None:
    text = loader.config.read_text()
    loader.config.write_text(text.replace("s3://music/log_data\n", "s3://music/log_data/a.json\n"))
    loader.loaded()
    assert loader.query("select object from load_history where object like '%log_data%'") == [
        ("s3://music/log_data/a.json",)
    ]


def test_a_prefix_without_data_is_no_error(loader: Sparkify, double: S3Double) -> None:
    for key in ("log_data/a.json", "log_data/large.json"):
        del double.buckets["music"][key]
    double.buckets["music"] |= {"log_data/": b"", "log_data/README.md": b"no data"}
    loader.loaded()


ODD = [
    "a\tb",
    "a\nb",
    "a\x1b]0;x\x07",
    "a\x7f",
    "/a",
    "./a",
    "../a",
    "a//b",
    "a/./b",
    "a/../b",
    "%2F+ ?#",
    "\u202ea",
    "🎵",
]


def test_every_key_in_s3_is_loaded_and_noted_under_its_name(loader: Sparkify, double: S3Double) -> None:
    objects = double.buckets["music"]
    keys = {f"log_data/{part}.json" for part in [*ODD, "x" * 1010]}
    objects |= {key: lines([event(ts=n)]).encode() for n, key in enumerate(sorted(keys), 1)}
    objects |= {f"log_data/{part}-large.json": "\n".join(many_events(65_000)).encode() for part in ODD[:2]}
    objects["log_data/no\x1bdata\n.txt"] = b"no data"
    loader.loaded()
    loaded = {name.removeprefix("s3://music/") for (name,) in loader.query("select object from load_history")}
    assert loaded == {key for key in objects if "_data/" in key and key.endswith(".json")}


def test_a_key_that_redshift_cannot_hold_is_named_and_stops_no_load(loader: Sparkify, double: S3Double) -> None:
    keys = ("log_data/a\0.json", "song_data/\0/b.json")
    double.buckets["music"] |= {key: lines([event(ts=9)]).encode() for key in keys}
    ignored = json.loads(loader.loaded("--json").out)["ignored_objects"]
    assert [item["object"] for item in ignored] == ["s3://music/song_data/\0/b.json", "s3://music/log_data/a\0.json"]
    assert all("U+0000" in item["reason"] for item in ignored)
    assert len(loader.query("select object from load_history")) == 3


KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(keys=st.sets(st.tuples(KEYS, st.sampled_from([".json", ".JSON", ".ndjson", "", "/"])), min_size=1, max_size=8))
def test_whatever_the_keys_data_is_loaded_and_the_rest_is_named(
    keys: set[tuple[str, str]], loader: Sparkify, double: S3Double
) -> None:
    loader.with_tables()
    objects = double.buckets["music"]
    for key in [key for key in objects if key.startswith("log_data/")]:
        del objects[key]
    made = {f"log_data/{text}{ending}" for text, ending in keys} | {"log_data/always.json"}
    objects |= {key: lines([event(ts=n)]).encode() for n, key in enumerate(sorted(made), 1)}
    hidden = re.compile(r"/_[^/]*$|/_[^/=]*/|/\.[^./]|/\.\.[^/]")
    data = {key for key in made if key.lower().endswith((".json", ".ndjson")) and not hidden.search(key)}
    data = {key for key in data if "\0" not in key}
    others = made - data - {"log_data/"}  # the marker of the folder itself
    done = json.loads(loader.loaded("--json").out)
    assert (done["records"]["events"], done["objects"]["ignored"]) == (len(data), len(others))
    names = {name for (name,) in loader.query("select object from load_history where kind = 'events'")}
    assert names == {f"s3://music/{key}" for key in data}
