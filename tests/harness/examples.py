"""How many examples the properties are tried with."""

import os

TIMES = int(os.environ.get("EXAMPLES_TIMES", "1"))
"""How many times as many examples as usual a property gets; EXAMPLES_TIMES=20 makes a long search of it."""
