"""Plays by browser and by system: what the user agents of an answer have in common."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

import ua_parser

from sparkify.engines.answer import Value

UNKNOWN = "unknown"
"""The name of what a user agent does not tell, or where there is none."""


def browser_and_system(user_agent: str | None) -> tuple[str, str]:
    """The families of browser and system that a user agent names; the logs put some user agents into quotes."""
    if not user_agent:
        return UNKNOWN, UNKNOWN
    found = ua_parser.parse(user_agent.strip('"'))
    browser = found.user_agent.family if found.user_agent else UNKNOWN
    return browser, found.os.family if found.os else UNKNOWN


def plays_by_family(rows: Iterable[Mapping[str, Value]]) -> tuple[Counter[str], Counter[str]]:
    """The plays of each browser and of each system, over rows of user_agent and plays."""
    browsers: Counter[str] = Counter()
    systems: Counter[str] = Counter()
    for row in rows:
        browser, system = browser_and_system(row["user_agent"])
        browsers[browser] += row["plays"]
        systems[system] += row["plays"]
    return browsers, systems
