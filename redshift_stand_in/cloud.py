"""Redshift and S3 on this machine, with the roles, users, buckets and `dwh.cfg` that the program needs in AWS."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from redshift_stand_in import process, s3_server
from redshift_stand_in.process import StandIn


def _statement(effect: str, actions: list[str], objects: str) -> dict[str, object]:
    """A statement of a policy; `objects` are keys of any bucket, with wildcards."""
    return {"Effect": effect, "Action": actions, "Resource": f"arn:aws:s3:::{objects}"}


READ = _statement("Allow", ["s3:GetObject", "s3:ListBucket"], "*")
GET = _statement("Allow", ["s3:GetObject"], "*")
DENY_FORBIDDEN = _statement("Deny", ["s3:GetObject"], "*/forbidden*")
DENY_WORK = _statement("Deny", ["s3:GetObject"], "*/work/*")
WRITE_WORK = _statement("Allow", ["s3:PutObject"], "*/work/*")
DELETE_WORK = _statement("Allow", ["s3:DeleteObject"], "*/work/*")
WRITE_EXPORT = _statement("Allow", ["s3:PutObject"], "*/export/*")
WRITE_EXPORT_MARKER = _statement("Allow", ["s3:PutObject"], "*/export/*/_sparkify_export.json")
WRITE_EXPORT_MANIFEST = _statement("Allow", ["s3:PutObject"], "*/export/*_sparkify_warehouse.json")
DELETE_EXPORT = _statement("Allow", ["s3:DeleteObject"], "*/export/*")

ROLES = {
    "reader": (READ,),
    "unloader": (READ, WRITE_EXPORT),
    "not-all": (READ, DENY_FORBIDDEN),
    "getter": (GET,),
    "not-work": (READ, DENY_WORK),
}
"""The rights of each role by which Redshift reaches S3."""

USERS = {
    "worker": (READ, WRITE_WORK, DELETE_WORK, WRITE_EXPORT_MARKER, WRITE_EXPORT_MANIFEST, DELETE_EXPORT),
    "writer": (READ, WRITE_WORK),
}
"""The rights of each user who runs the program. `Cloud` adds `reader`, who lists and reads, and `root`, who may all."""


class Cloud:
    """The stand-in for Redshift, the S3 server that it reads, the ARN of each role and the keys of each user."""

    def __init__(self, store: s3_server.Server, stand_in: StandIn) -> None:
        self.store, self.stand_in = store, stand_in
        root = s3_server.Keys(s3_server.ROOT["aws_access_key_id"], s3_server.ROOT["aws_secret_access_key"])
        self.users = {"root": root, "reader": store.loader}
        self.roles: dict[str, str] = {}
        self._iam = store.client("iam")
        for name, rights in ROLES.items():
            self.add_role(name, *rights)
        for name, rights in USERS.items():
            self.add_user(name, *rights)

    @classmethod
    @contextmanager
    def running(cls, folder: Path) -> Iterator[Self]:
        """Both servers with their files in a folder, until the end of the block."""
        for name in ("s3", "redshift"):
            (folder / name).mkdir()
        with (
            s3_server.running(folder / "s3") as store,
            process.running(folder / "redshift", s3_endpoint=store.endpoint) as stand_in,
        ):
            yield cls(store, stand_in)

    def add_role(self, name: str, *rights: object) -> None:
        """Create a role that the stand-in may assume; `rights` are the statements of its policy."""
        self.roles[name] = s3_server.create_role(self._iam, name, *rights)

    def add_user(self, name: str, *rights: object) -> None:
        """Create a user with a key; `rights` are the statements of their policy."""
        self.users[name] = s3_server.create_user(self._iam, name, *rights)

    def environment(self, user: str) -> dict[str, str]:
        """The environment variables with which the program reaches the S3 server as a user."""
        keys = self.users[user]
        return {
            "AWS_ENDPOINT_URL": self.store.endpoint,
            "AWS_ACCESS_KEY_ID": keys.key,
            "AWS_SECRET_ACCESS_KEY": keys.secret,
            "AWS_DEFAULT_REGION": s3_server.REGION,
        }

    def configuration(
        self, address: str, database: str, *, work: str | None, role: str = "unloader", **cluster: object
    ) -> str:
        """A dwh.cfg for the data below an s3:// address; `cluster` replaces values of [CLUSTER]."""
        data = ("LOG_DATA = {}/log_data", "LOG_JSONPATH = {}/log_json_path.json", "SONG_DATA = {}/song_data")
        lines = ["[S3]", *(line.format(address) for line in data)]
        return "\n".join([*lines, *self.engine_settings(database, work=work, role=role, **cluster)]) + "\n"

    def engine_settings(
        self, database: str, *, work: str | None, role: str = "unloader", **cluster: object
    ) -> list[str]:
        """The lines of a dwh.cfg after the data's lines in [S3]; without `work` it has no WORK."""
        server = self.stand_in
        login = {
            "HOST": server.host,
            "DB_PORT": server.port,
            "DB_NAME": database,
            "DB_USER": server.user,
            "DB_PASSWORD": server.password,
            "SSLMODE": "disable",
        }
        return [
            *([f"WORK = {work}"] if work else []),
            *("[IAM_ROLE]", f"ARN = {self.roles.get(role, role)}"),
            *("[CLUSTER]", *(f"{key} = {value}" for key, value in (login | cluster).items())),
        ]
