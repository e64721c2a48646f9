"""The login at Redshift: what dwh.cfg must say, what the driver is given, and whom the program trusts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import redshift_connector
import trustme
from redshift_connector.error import InterfaceError

import redshift_stand_in
from harness.dwh_cfg import S3, read
from harness.folders import new_folder
from harness.program import Outcome, run
from harness.redshift import OnRedshift, Servers
from redshift_stand_in.cloud import USERS

CLUSTER = """
[CLUSTER]
HOST = example
DB_NAME = dev
DB_USER = awsuser
DB_PASSWORD = secret
[IAM_ROLE]
ARN = arn:aws:iam::123456789012:role/dwhRole
"""
A_SECRET = "arn:aws:secretsmanager:us-east-1:000000000000:secret:admin-AbCdEf"
IN_S3 = S3.replace("= ", "= s3://bucket/")


# ---------------------------------------------------------------- TLS


def test_tls_is_asked_for_of_a_server_that_has_none(warehouse: OnRedshift) -> None:
    warehouse.use(cluster={"SSLMODE": "verify-full"})
    warehouse.refused(3, "cannot log in; the host offers no TLS", "[CLUSTER] SSLMODE = disable")


def test_only_a_certificate_that_can_be_trusted_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority = trustme.CA()
    certificate, trusted = tmp_path / "certificate.pem", tmp_path / "authority.pem"
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(str(certificate))
    authority.cert_pem.write_to_path(str(trusted))

    def login(host: str, sslmode: str) -> Outcome:
        login = f"DB_PORT = {stand_in.port}\nDB_PASSWORD = {stand_in.password}\nSSLMODE = {sslmode}"
        cluster = CLUSTER.replace("DB_PASSWORD = secret", login).replace("HOST = example", f"HOST = {host}")
        (tmp_path / "dwh.cfg").write_text(IN_S3 + cluster, encoding="utf-8")
        return run("check", "--config", str(tmp_path / "dwh.cfg"))

    def assert_refused(host: str, sslmode: str, *words: str) -> None:
        outcome = login(host, sslmode)
        assert outcome.exit_code == 3
        assert all(word in outcome.error for word in words), outcome.err

    def assert_logs_in(host: str, sslmode: str) -> None:
        assert "the tables are not there yet" in login(host, sslmode).error

    with new_folder() as folder, redshift_stand_in.running(folder, certificate=str(certificate)) as stand_in:
        for sslmode in ("verify-full", "verify-ca"):
            assert_refused("localhost", sslmode, "the host cannot prove that it is Redshift", "verify failed")
        monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
        assert_refused("127.0.0.1", "verify-full", "the certificate is of another host", "SSLMODE = verify-ca")
        assert_logs_in("127.0.0.1", "verify-ca")
        assert_logs_in("localhost", "verify-full")


# ---------------------------------------------------------------- the configuration


@pytest.mark.parametrize(
    ("old", "new", "key", "accepted"),
    [
        ("ARN = arn:aws:iam::123456789012:role/dwhRole", "", "[IAM_ROLE] ARN", "arn:aws:iam::123456789012:role/NAME"),
        ("ARN = arn", "ARN = an", "[IAM_ROLE] ARN", "arn:aws:iam::123456789012:role/NAME"),
        ("DB_PASSWORD = secret", "", "[CLUSTER] DB_PASSWORD", "set CLUSTER_ID or WORKGROUP to log in by IAM"),
        ("DB_USER = awsuser", "", "[CLUSTER] DB_USER", "awsuser"),
        ("DB_NAME = dev", "", "[CLUSTER] DB_NAME", "dev"),
        (
            "DB_NAME",
            "SSLMODE = verify_full\nDB_NAME",
            "[CLUSTER] SSLMODE",
            "verify-full, verify-ca or disable is accepted",
        ),
        ("DB_NAME", "DB_PORT = redshift\nDB_NAME", "[CLUSTER] DB_PORT", "a whole number"),
        ("[CLUSTER]", "WORK = s3://bucket/logs/work\n[CLUSTER]", "[S3] WORK", "a prefix without data"),
        ("[CLUSTER]", "WORK = s3://bucket/songs\n[CLUSTER]", "[S3] WORK", "a prefix without data"),
        ("[CLUSTER]", "WORK = work\n[CLUSTER]", "[S3] WORK", "s3://my-bucket/prefix"),
        ("DB_USER = awsuser\nDB_PASSWORD = secret", "DB_SECRET_ARN = admin", "[CLUSTER] DB_SECRET_ARN", "arn:aws:secr"),
        ("DB_PASSWORD = secret", f"DB_SECRET_ARN = {A_SECRET}", "[CLUSTER] DB_SECRET_ARN", "remove the one"),
        ("LOG_DATA = s3://bucket/", "LOG_DATA = ", "[S3] LOG_DATA", "s3://my-bucket/prefix"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_with_what_is_accepted(
    old: str, new: str, key: str, accepted: str, tmp_path: Path
) -> None:
    text = IN_S3 + CLUSTER
    assert text.count(old) == 1 or old == "DB_NAME"
    (tmp_path / "dwh.cfg").write_text(text.replace(old, new, 1), encoding="utf-8")
    outcome = run("etl", "--config", str(tmp_path / "dwh.cfg"))
    assert outcome.exit_code == 2
    message = outcome.error
    assert message.startswith(f"error: {tmp_path / 'dwh.cfg'}: {key} ")
    assert accepted in message


@pytest.mark.parametrize("work", ["s3://bucket/log", "s3://bucket/logs-work", "s3://other/logs", "s3://bucket/work"])
def test_work_may_lie_beside_the_data(work: str, tmp_path: Path) -> None:
    config = read(tmp_path, f"{IN_S3}WORK = {work}\n{CLUSTER}")
    assert config.cluster
    assert config.cluster.work == work


# ---------------------------------------------------------------- the login

PASSWORD = {"user": "awsuser", "password": "secret"}
TLS = {"ssl": True, "sslmode": "verify-full"}
KEYS = {"access_key_id": "AKIA", "secret_access_key": "hidden"}


@pytest.mark.parametrize(
    ("login", "region", "expected"),
    [
        ("DB_USER = awsuser\nDB_PASSWORD = secret", "", PASSWORD | TLS),
        (
            "DB_USER = awsuser\nDB_PASSWORD = secret\nSSLMODE = verify-ca",
            "",
            PASSWORD | TLS | {"sslmode": "verify-ca"},
        ),
        ("DB_USER = awsuser\nDB_PASSWORD = secret\nSSLMODE = disable", "", PASSWORD | {"ssl": False}),
        (
            "WORKGROUP = analysts",
            "",
            TLS | {"iam": True, "is_serverless": True, "serverless_work_group": "analysts", "region": None},
        ),
        (
            "WORKGROUP = analysts\nDB_USER = awsuser",
            "REGION = eu-west-1",
            TLS | {"iam": True, "is_serverless": True, "serverless_work_group": "analysts", "region": None},
        ),
        (
            "CLUSTER_ID = dwh\nDB_USER = loader",
            "",
            TLS | {"iam": True, "cluster_identifier": "dwh", "db_user": "loader", "region": None},
        ),
        (
            "CLUSTER_ID = dwh",
            "",
            TLS | {"iam": True, "cluster_identifier": "dwh", "group_federation": True, "region": None},
        ),
        (
            "CLUSTER_ID = dwh\n[AWS]\nKEY = AKIA\nSECRET = hidden",
            "",
            TLS | KEYS | {"iam": True, "cluster_identifier": "dwh", "group_federation": True, "region": None},
        ),
    ],
)
def test_the_driver_is_given_how_to_log_in(
    login: str, region: str, expected: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {}

    def connect(**arguments: Any) -> Any:
        given.update(arguments)
        raise InterfaceError("enough")

    monkeypatch.setattr(redshift_connector, "connect", connect)
    cluster = CLUSTER.replace("DB_USER = awsuser\nDB_PASSWORD = secret", login)
    config = tmp_path / "dwh.cfg"
    config.write_text(f"{IN_S3}{region}\n{cluster}", encoding="utf-8")
    outcome = run("check", "--config", str(config))
    assert outcome.exit_code == 3
    assert "cannot log in" in outcome.error
    always = {"host": "example", "port": 5439, "database": "dev", "application_name": "sparkify"}
    alive = {"tcp_keepalive": True, "tcp_keepalive_idle": 60}
    assert given == always | alive | expected


@pytest.mark.parametrize(
    ("host", "region"),
    [
        ("dwh.abc.eu-west-1.redshift.amazonaws.com", None),
        ("dwh.123456789012.cn-north-1.redshift-serverless.amazonaws.com.cn", None),
        ("localhost", "us-west-2"),
    ],
)
def test_the_region_of_the_login_is_the_hosts_own_and_not_that_of_the_buckets(
    host: str, region: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {}

    def connect(**arguments: Any) -> Any:
        given.update(arguments)
        raise InterfaceError("enough")

    monkeypatch.setattr(redshift_connector, "connect", connect)
    monkeypatch.setenv("AWS_REGION", "us-west-2")
    login = CLUSTER.replace("DB_USER = awsuser\nDB_PASSWORD = secret", "WORKGROUP = dwh").replace("example", host)
    config = tmp_path / "dwh.cfg"
    config.write_text(f"{IN_S3}REGION = ap-south-1\n{login}", encoding="utf-8")
    assert run("check", "--config", str(config)).exit_code == 3
    assert given["region"] == region


def test_a_fault_of_boto3_at_the_login_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def connect(**_: Any) -> Any:
        raise AttributeError("'NoneType' object has no attribute 'get_frozen_credentials'")

    monkeypatch.setattr(redshift_connector, "connect", connect)
    config = tmp_path / "dwh.cfg"
    config.write_text(IN_S3 + CLUSTER, encoding="utf-8")
    outcome = run("check", "--config", str(config))
    assert outcome.exit_code == 3
    assert "cannot log in; check [CLUSTER], and for a login by IAM the credentials" in outcome.error


# ---------------------------------------------------------------- a login by a secret


READ_SECRET = {"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}


@pytest.fixture(scope="module")
def with_secrets(servers: Servers) -> Servers:
    """The servers, with a user who may read secrets and S3, and one who may read S3 alone."""
    servers.add_user("reads-secrets", *USERS["worker"], READ_SECRET)
    return servers


def secret_of(servers: Servers, text: str) -> str:
    """The ARN of a new secret that holds a text."""
    client = servers.store.client("secretsmanager")
    return str(client.create_secret(Name=f"admin-{uuid4().hex}", SecretString=text)["ARN"])


def use_secret(warehouse: OnRedshift, arn: str, user: str = "reads-secrets") -> None:
    warehouse.use(cluster={"DB_SECRET_ARN": arn, "DB_USER": "", "DB_PASSWORD": ""}, user=user)


@pytest.mark.parametrize("more", [{}, {"engine": "redshift", "host": "h", "port": 5439}], ids=["least", "managed"])
def test_the_user_and_the_password_of_a_secret_log_in(
    more: dict[str, object], with_secrets: Servers, warehouse: OnRedshift
) -> None:
    stand_in = warehouse.stand_in
    login = {"username": stand_in.user, "password": stand_in.password}
    use_secret(warehouse, secret_of(with_secrets, json.dumps(login | more)))
    assert warehouse.command("etl").exit_code == 0


def test_no_message_shows_the_password_of_a_secret(
    with_secrets: Servers, warehouse: OnRedshift, monkeypatch: pytest.MonkeyPatch
) -> None:
    def connect(password: str, **_: Any) -> Any:
        raise InterfaceError(f"the driver says {password}")

    monkeypatch.setattr(redshift_connector, "connect", connect)
    use_secret(warehouse, secret_of(with_secrets, '{"username": "awsuser", "password": "hunter-2-hunter"}'))
    done = warehouse.command("check")
    assert "the driver says ***" in done.error
    assert "hunter" not in done.out + done.err


@pytest.mark.parametrize(
    "text",
    ["hunter2", '["username", "hunter2"]', '{"username": "hunter2"}', '{"username": "a", "password": ["hunter2"]}'],
)
def test_a_secret_without_a_login_is_refused_and_not_shown(
    text: str, with_secrets: Servers, warehouse: OnRedshift
) -> None:
    use_secret(warehouse, arn := secret_of(with_secrets, text))
    done = warehouse.command("check")
    assert done.exit_code == 3
    assert f"cannot log in; [CLUSTER] DB_SECRET_ARN: the secret {arn} holds no login; its value has to be" in done.error
    assert "hunter2" not in done.out + done.err


def test_a_secret_that_cannot_be_read_is_named_with_what_to_do(with_secrets: Servers, warehouse: OnRedshift) -> None:
    use_secret(warehouse, arn := secret_of(with_secrets, "{}"), user="worker")
    warehouse.refused(3, f"the secret {arn} cannot be read; let the program's credentials call secretsmanager:Get")
    use_secret(warehouse, A_SECRET)
    warehouse.refused(3, f"the secret {A_SECRET} cannot be read; there is no such secret; check the ARN")


# ---------------------------------------------------------------- what is set for a session

SETTINGS = "select current_setting('query_group') as label, current_setting('statement_timeout') as timeout"


def test_a_session_has_a_label_and_a_timeout_unless_the_user_has_others(warehouse: OnRedshift) -> None:
    def settings() -> str:
        outcome = warehouse.command("query", SETTINGS, "--format", "csv")
        return outcome.out.splitlines()[-1]

    assert settings() == "sparkify query,6h"
    for setting in ("redshift.query_group = 'nightly'", "statement_timeout = '1500ms'"):
        warehouse.change(f"alter role awsuser in database {warehouse.database_name} set {setting}")
    assert settings() == "nightly,1500ms"


def test_the_label_of_a_session_names_the_command(warehouse: OnRedshift) -> None:
    warehouse.stand_in.forget()
    warehouse.loaded()
    assert "set_config('query_group', 'sparkify etl', false)" in warehouse.stand_in.statements()[0]
