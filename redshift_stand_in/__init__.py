"""A stand-in for Amazon Redshift, for tests: Redshift's protocol and rules in front of a real PostgreSQL.

README.md says what it does, what it refuses and what it cannot show.
"""

from redshift_stand_in.faults import Fault
from redshift_stand_in.process import StandIn, running
from redshift_stand_in.settings import Settings

__all__ = ["Fault", "Settings", "StandIn", "running"]
