"""A login at Redshift: by a password, by one that is kept as a secret in AWS, or by IAM with the credentials of AWS."""

from __future__ import annotations

import os
from typing import Any

import redshift_connector

from sparkify.config import Cluster, Config
from sparkify.engines.redshift import secret
from sparkify.progress import Progress

HOSTS_OF_AWS = (".amazonaws.com", ".amazonaws.com.cn")
"""The ends of the names of Redshift's own hosts, which hold their region."""


def connect(config: Config, cluster: Cluster, progress: Progress, **more: Any) -> Any:
    """A connection of the driver, which raises its errors, or any of boto3's. `more` are further options of it.

    Raises:
        AccessError: the secret cannot be read, or holds no login.
    """
    options: dict[str, Any] = {"ssl": cluster.sslmode != "disable"}
    if options["ssl"]:
        options["sslmode"] = cluster.sslmode
    if cluster.secret_arn:
        user, password = secret.read(cluster.secret_arn, config.store)
        progress.secrets += (password,)
        options |= {"user": user, "password": password}
    elif cluster.password:
        options |= {"user": cluster.user, "password": cluster.password}
    else:
        options |= _iam_login(cluster) | {"region": _region(cluster.host)}
        if config.store.key:
            options |= {"access_key_id": config.store.key, "secret_access_key": config.store.secret}
    return redshift_connector.connect(
        host=cluster.host,
        port=cluster.port,
        database=cluster.database,
        application_name="sparkify",
        # A load may be silent for long; what counts is that the peer is still there.
        tcp_keepalive=True,
        tcp_keepalive_idle=60,
        **options,
        **more,
    )


def _region(host: str) -> str | None:
    """The region in which credentials are asked for: None where the driver reads it in the host's own name.

    A host that is reached through a tunnel has another name. `[S3] REGION` is that of the buckets.
    """
    if host.endswith(HOSTS_OF_AWS):
        return None
    return os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION") or None


def _iam_login(cluster: Cluster) -> dict[str, Any]:
    """Credentials of AWS are exchanged for those of a database user at each login."""
    if cluster.workgroup:
        return {"iam": True, "is_serverless": True, "serverless_work_group": cluster.workgroup}
    if cluster.user:
        return {"iam": True, "cluster_identifier": cluster.cluster_id, "db_user": cluster.user}
    return {"iam": True, "cluster_identifier": cluster.cluster_id, "group_federation": True}
