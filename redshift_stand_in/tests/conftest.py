"""The servers that all tests of the stand-in share, and a database for each test."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

import redshift_stand_in
from redshift_stand_in import StandIn, s3_server
from redshift_stand_in.tests.clients import Client, Loading, Unloading

DENY_FORBIDDEN = {"Effect": "Deny", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::*/forbidden*"}

ROLES = {
    "reader": ("s3:GetObject", "s3:ListBucket"),
    "getter": ("s3:GetObject",),
    "lister": ("s3:ListBucket",),
    "putter": ("s3:PutObject",),
    "keeper": ("s3:ListBucket", "s3:PutObject"),
    "unloader": ("s3:ListBucket", "s3:PutObject", "s3:DeleteObject"),
}
"""The actions of each role; none may read objects whose key begins with `forbidden`."""


@pytest.fixture(autouse=True)
def quiet_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No AWS setting of the machine reaches a test."""
    for variable in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(variable)


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[s3_server.Server]:
    with s3_server.running(tmp_path_factory.mktemp("ministack")) as server:
        iam = server.client("iam")
        for name, actions in ROLES.items():
            allow = {"Effect": "Allow", "Action": actions, "Resource": "arn:aws:s3:::*"}
            s3_server.create_role(iam, name, allow, DENY_FORBIDDEN)
        yield server


@pytest.fixture(scope="session")
def stand_in(store: s3_server.Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StandIn]:
    with redshift_stand_in.running(tmp_path_factory.mktemp("redshift"), s3_endpoint=store.endpoint) as server:
        yield server


@pytest.fixture
def database(stand_in: StandIn) -> Iterator[str]:
    with stand_in.fresh_database() as name:
        yield name


@pytest.fixture
def client(stand_in: StandIn, database: str) -> Client:
    return Client(stand_in, database)


@pytest.fixture(scope="module")
def tables(stand_in: StandIn) -> Iterator[Client]:
    """A client of a database with the tables t, u and v, for statements that a test rolls back.

    Not for the whole session: a test of another module may kill the server, and its connections with it.
    """
    with stand_in.fresh_database() as name:
        client = Client(stand_in, name)
        for table in "tuv":
            client.run(f"create table {table} (a integer, b varchar(10))")
        client.commit()
        yield client


@pytest.fixture
def loading(store: s3_server.Server, client: Client) -> Loading:
    return Loading(store, client)


@pytest.fixture
def unloading(store: s3_server.Server, client: Client, tmp_path: Path) -> Unloading:
    return Unloading(store, client, tmp_path)


@pytest.fixture
def pair(stand_in: StandIn, database: str) -> tuple[Client, Client]:
    """Two clients of one database with the table t (a, b)."""
    first, second = Client(stand_in, database), Client(stand_in, database)
    first.run("create table t (a integer, b integer)")
    first.run("insert into t values (1, 1), (2, 2)")
    first.commit()
    return first, second
