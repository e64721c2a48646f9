"""The values that only the session knows: its last query, COPY and UNLOAD, and the version of the cluster."""

from __future__ import annotations

import re
from dataclasses import dataclass

from redshift_stand_in.gate import Statement
from redshift_stand_in.transfer import Outcome

VERSION = "8.0.2"
FULL_VERSION = f"PostgreSQL {VERSION} on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2, Redshift 1.0.0 (stand-in)"

NONE_YET = Outcome(-1, 0)


@dataclass
class SessionValues:
    """The values by which the functions of `catalog.SESSION_FUNCTIONS` are called."""

    copy: Outcome = NONE_YET
    unload: Outcome = NONE_YET
    last_query_id: int = -1
    _committed: tuple[Outcome, Outcome] = (NONE_YET, NONE_YET)

    def commit(self) -> None:
        """Keep the last COPY and UNLOAD of this transaction."""
        self._committed = self.copy, self.unload

    def rollback(self) -> None:
        """Forget the last COPY and UNLOAD of this transaction."""
        self.copy, self.unload = self._committed

    def fill(self, statement: Statement) -> str:
        """The statement's SQL, with the values in place of its placeholders."""
        if not statement.has_placeholders:
            return statement.sql
        values = {
            "pg_last_copy_id": self.copy.query_id,
            "pg_last_copy_count": self.copy.rows,
            "pg_last_unload_id": self.unload.query_id,
            "pg_last_unload_count": self.unload.rows,
            "pg_last_query_id": self.last_query_id,
            "version": FULL_VERSION,
        }
        names = "|".join(values)
        return re.sub(rf"\{{({names})\}}", lambda match: f"{match[1]}('{values[match[1]]}')", statement.sql)
