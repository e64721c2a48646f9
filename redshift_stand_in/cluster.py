"""The cluster: everything that its sessions share."""

from __future__ import annotations

import time
from itertools import count
from pathlib import Path

from redshift_stand_in.catalog import SystemLog
from redshift_stand_in.faults import Monitor
from redshift_stand_in.s3 import Account
from redshift_stand_in.settings import Settings


class Cluster:
    """The settings, the AWS account, the system log, the monitor of statements, and the next query's number."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.account = Account(settings)
        self.system_log = SystemLog(Path(settings.data_directory))
        self.monitor = Monitor(Path(settings.folder))
        self.query_ids = count(max(int(time.time()) % 1_000_000_000, self.system_log.newest_query() + 1))
