"""The settings of the server process. They travel as JSON, in the file that `redshift_stand_in.server` is given."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """Where the server keeps its files, where it listens, who may log in, and how it reaches S3."""

    folder: str
    """The folder of the statement log and of the armed fault; see `redshift_stand_in.faults`."""
    socket_path: str
    """The Unix socket of the PostgreSQL server."""
    data_directory: str
    """The data directory of the PostgreSQL server."""
    port: int
    """The port of 127.0.0.1 for clients."""
    user: str = "awsuser"
    """The superuser."""
    analyst: str = "analyst"
    """A user without superuser rights, with the same password."""
    password: str = "Stand-in-1"
    s3_endpoint: str = ""
    """The address of S3, STS and IAM; empty for AWS's own."""
    region: str = "us-east-1"
    """The region of the cluster."""
    account_key: str = "test"
    account_secret: str = "test"
    """The keys with which the cluster assumes a role."""
    isolation: str = "snapshot"
    """`snapshot` or `serializable` (DG c_serial_isolation)."""
    certificate: str = ""
    """A PEM file with the private key and the certificates; without it the server refuses TLS."""
