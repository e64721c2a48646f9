"""Fixtures that any test may ask for, and a quiet environment for all of them."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import botocore.loaders
import botocore.session
import pytest
from hypothesis import HealthCheck, settings

pytest.register_assert_rewrite("harness")

import redshift_stand_in
from harness import s3_double
from harness.engines import opened
from harness.folders import use_memory
from harness.records import JSONPATHS
from harness.redshift import Servers
from harness.s3_double import S3Double
from harness.warehouse import Sparkify
from redshift_stand_in.s3_server import Server, running


def pytest_configure() -> None:
    """Say where files lie and how properties are tried, and let the programs that tests start hear Ctrl-C.

    A shell keeps Ctrl-C from what it runs in the background.
    """
    use_memory()
    settings.register_profile(
        "everywhere", deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
    )
    settings.register_profile("ci", settings.get_profile("everywhere"), derandomize=True)
    settings.load_profile("ci" if os.environ.get("CI") else "everywhere")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end what could not be run here, and what was run on generated data."""
    reasons = {str(skipped.longrepr[2]) for skipped in terminalreporter.stats.get("skipped", [])}
    for reason in sorted(reasons):
        terminalreporter.write_line(reason.removeprefix("Skipped: "))


@pytest.fixture(autouse=True)
def quiet_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting of the machine reaches a test, and nothing asks the network for credentials."""
    for variable in [name for name in os.environ if name.startswith(("DWH_", "AWS_", "OPENLINEAGE_"))]:
        monkeypatch.delenv(variable)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("OPENLINEAGE_DISABLED", "true")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "no-aws-config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "no-aws-credentials"))


@pytest.fixture(scope="session", autouse=True)
def models_of_aws() -> Iterator[None]:
    """Botocore reads its descriptions of AWS once for all tests of this process: a quarter of a load on Redshift."""
    loader = botocore.loaders.create_loader()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(botocore.session, "create_loader", lambda search_path: loader)
        yield


@pytest.fixture(scope="session")
def s3_server() -> Iterator[Server]:
    """An S3 server for all tests of this process, started when the first of them asks."""
    with TemporaryDirectory(prefix="s3-") as folder, running(Path(folder)) as server:
        yield server


@pytest.fixture(scope="session")
def servers(s3_server: Server) -> Iterator[Servers]:
    """The same, and Redshift.

    Its folder is none of pytest's: that is closed to other users whenever a pytest begins, and root's PostgreSQL runs
    as one.
    """
    endpoint = s3_server.endpoint
    with (
        TemporaryDirectory(prefix="redshift-") as folder,
        redshift_stand_in.running(Path(folder), s3_endpoint=endpoint) as stand_in,
    ):
        yield Servers(s3_server, stand_in)


@pytest.fixture
def sparkify(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Sparkify]:
    """A warehouse with its tables, beside an empty bucket; in DuckDB, unless the test names one of `ENGINES`."""
    with opened(request, getattr(request, "param", "duckdb"), tmp_path / "sparkify") as made:
        yield made


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> Iterator[S3Double]:
    """An S3 server in this process; its bucket `music` holds a JSONPaths file, and the environment has its address."""
    s3_double.make_quick(monkeypatch)
    with s3_double.running() as server:
        server.buckets["music"] = {"log_json_path.json": JSONPATHS.encode()}
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.endpoint)
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKTEST")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "jXkQ1vZ8")
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
            monkeypatch.delenv(name, raising=False)
        yield server
