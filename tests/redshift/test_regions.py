"""Buckets in other regions than the cluster's: what COPY and UNLOAD are told, and what goes another way there."""

import re
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from harness.dwh_cfg import S3, read
from harness.records import JSONPATHS, event, lines, song
from harness.redshift import Access, OnRedshift, Servers
from harness.s3_double import Answer, Request, S3Double
from sparkify.engines.redshift import parts, staging
from sparkify.engines.redshift.connection import Connection
from sparkify.engines.redshift.regions import are_near
from sparkify.store import Stores

FAR = "eu-west-1"
"""Another region than that of the stand-in."""

CONTENT = {
    "LOG_DATA": "log_data",
    "SONG_DATA": "song_data",
    "LOG_JSONPATH": "log_json_path.json",
    "WORK": "work",
}

LOADED = {"log_data/small.json": (1, 1, 0), "log_data/large.json": (5, 5, 0), "song_data/a.json": (1, 1, 0)}
"""Of each object: records read, rows staged, records rejected."""

numbers = count(9_000)


@pytest.fixture
def far_bucket(servers: Servers) -> Iterator[str]:
    """A bucket in the other region with what a load needs."""
    client, name = servers.store.client(), f"bucket-{next(numbers)}"
    client.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": FAR})
    put_all(lambda key, text: client.put_object(Bucket=name, Key=key, Body=text.encode()))
    yield name
    servers.store.delete_bucket(name)


@pytest.fixture
def loader(servers: Servers, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OnRedshift]:
    """A warehouse with its tables, and the same in a bucket of the cluster's region."""
    for module in (parts, staging):
        monkeypatch.setattr(module, "LARGE", 1_000)
    with servers.sparkify(tmp_path / "sparkify", Access()) as made:
        put_all(made.put)
        servers.stand_in.forget()
        yield made


def put_all(put: Callable[[str, str], Any]) -> None:
    put("log_json_path.json", JSONPATHS)
    put("song_data/a.json", lines([song()]))
    put("log_data/small.json", lines([event(userId="1")]))
    put("log_data/large.json", lines([event(itemInSession=n) for n in range(5)]))


def copies(warehouse: OnRedshift) -> list[tuple[str, str, str]]:
    """The bucket that each COPY of a load read, that of its JSONPaths file or auto, and the region that it named."""
    words = r"from 's3://(.*?)/.*json '(?:s3://)?(.*?)[/'].*region '(.*?)'"
    sent = (sql for sql in warehouse.stand_in.statements() if sql.startswith("copy"))
    return [found[0] for sql in sent if (found := re.findall(words, sql, re.DOTALL))]


@pytest.mark.parametrize(
    ("far", "manifests"),
    [
        ("", 3),
        ("LOG_DATA SONG_DATA LOG_JSONPATH WORK", 3),
        ("LOG_DATA SONG_DATA LOG_JSONPATH", 2),
        ("WORK", 2),
        ("LOG_JSONPATH", 3),
    ],
    ids=["nothing is far", "all is far", "data is far", "WORK is far", "the paths are far"],
)
def test_each_copy_names_the_region_of_all_that_it_reads(
    far: str, manifests: int, loader: OnRedshift, far_bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in far.split():
        monkeypatch.setenv(f"DWH_S3_{key}", f"s3://{far_bucket}/{CONTENT[key]}")
    loader.loaded()
    assert loader.history() == LOADED
    region = {far_bucket: FAR, loader.bucket_name: "us-east-1"}
    assert len(copies(loader)) == manifests
    for source, paths, named in copies(loader):
        assert region[source] == named
        assert paths == "auto" or region[paths] == named


@pytest.mark.parametrize(
    ("far", "said"),
    [
        ("LOG_DATA LOG_JSONPATH", "may read songs; logs go through [S3] WORK, which lies in another region"),
        ("SONG_DATA LOG_JSONPATH", "may read songs and logs"),
    ],
)
def test_the_doctor_lets_redshift_read_what_a_load_lets_it_read(
    far: str, said: str, loader: OnRedshift, far_bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in far.split():
        monkeypatch.setenv(f"DWH_S3_{key}", f"s3://{far_bucket}/{CONTENT[key]}")
    done = loader.command("doctor")
    assert done.exit_code == 0, done.out
    assert said in done.out
    assert loader.keys("work/") == set()


def test_without_work_each_prefix_is_copied_from_its_own_region(
    loader: OnRedshift, far_bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    loader.use(work="")
    monkeypatch.setenv("DWH_S3_SONG_DATA", f"s3://{far_bucket}/song_data")
    loader.loaded()
    near = loader.bucket_name
    assert sorted(copies(loader)) == sorted([(near, near, "us-east-1"), (far_bucket, "auto", FAR)])


def test_without_work_the_paths_must_lie_in_the_region_of_the_logs(
    loader: OnRedshift, far_bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    loader.use(work="")
    monkeypatch.setenv("DWH_S3_LOG_JSONPATH", f"s3://{far_bucket}/log_json_path.json")
    fix = "put the file into a bucket in us-east-1, or name a WORK there"
    loader.refused(2, "[S3] LOG_JSONPATH: COPY reads it and the logs in one region", fix)


def test_the_region_of_the_client_is_not_that_of_the_buckets(
    loader: OnRedshift, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DWH_S3_REGION", "ap-south-1")
    loader.loaded()
    assert {region for _, _, region in copies(loader)} == {"us-east-1"}


def test_an_export_goes_to_the_region_of_its_bucket(loader: OnRedshift, far_bucket: str) -> None:
    loader.loaded()
    loader.use(user="root", role="unloader")
    assert loader.command("export", f"s3://{far_bucket}/export").exit_code == 0
    unloads = [sql for sql in loader.stand_in.statements() if sql.startswith("unload")]
    assert unloads
    assert all(f"region '{FAR}'" in sql for sql in unloads)


def test_s3_tells_the_region_to_those_who_have_no_right_to_the_bucket(
    servers: Servers, far_bucket: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    servers.add_user("stranger", {"Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::*"})
    for name, value in servers.environment("stranger").items():
        monkeypatch.setenv(name, value)
    assert Stores(read(tmp_path, f"{S3}REGION = ap-south-1\n")).region(f"s3://{far_bucket}/log_data") == FAR


def test_a_region_that_nobody_knows_is_taken_for_the_same() -> None:
    regions = {"s3://untold": "", "s3://far": FAR, "s3://near": "us-east-1"}
    connection = cast(Connection, SimpleNamespace(stores=SimpleNamespace(region=regions.__getitem__)))
    assert are_near(connection, "s3://untold", "s3://far")
    assert not are_near(connection, "s3://near", "s3://far")


@pytest.mark.parametrize(
    ("status", "told", "region"),
    [(200, FAR, FAR), (403, FAR, FAR), (403, "", "ap-south-1"), (404, "", "ap-south-1")],
)
def test_where_s3_does_not_tell_a_region_that_of_the_configuration_counts(
    status: int, told: str, region: str, double: S3Double, tmp_path: Path
) -> None:
    def answer(request: Request) -> Answer | None:
        return Answer(status, {"x-amz-bucket-region": told} if told else {}) if request.method == "HEAD" else None

    double.hook = answer
    stores = Stores(read(tmp_path, f"{S3}REGION = ap-south-1\n"))
    assert [stores.region("s3://music/a"), stores.region("s3://music/b/c")] == [region, region]
    assert [request.method for request in double.requests].count("HEAD") == 1
