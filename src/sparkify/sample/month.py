"""The month of the sample, and when in it sessions begin."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate, pairwise
from random import Random

MONTH_START_S = 1_541_030_400
"""2018-11-01T00:00:00Z, a Thursday, in seconds since 1970."""

DAYS, DAY_S = 30, 86_400

LONGEST_STEP_S = 900
"""Seconds between two events of a session, at most."""

LONGEST_SESSION = DAY_S // LONGEST_STEP_S
"""Events of a session, at most: the last day can hold any session whole."""

HOURLY_STARTS = [2, 2, 2, 2, 2, 3, 3, 3, 4, 5, 5, 6, 6, 7, 8, 9, 9, 9, 8, 6, 5, 4, 3, 3]
"""How often sessions begin in each hour of a day (UTC), against each other."""


def session_starts(rng: Random, events: int) -> Iterator[tuple[int, int]]:
    """Start (seconds since 1970, ascending) and length (events) of each session; the lengths sum to `events`."""
    weekday_or_not = [0.4 if day % 7 in (2, 3) else 1.0 for day in range(DAYS)]
    volume = list(accumulate(share * rng.uniform(0.6, 1.4) for share in weekday_or_not))
    everyday = 1 if events >= DAYS else 0
    bounds = [round((events - DAYS * everyday) * part / volume[-1]) for part in (0, *volume)]
    for day, (lower, upper) in enumerate(pairwise(bounds)):
        missing = upper - lower + everyday
        sessions = []
        while missing:
            length = min(missing, LONGEST_SESSION, 1 + int(rng.lognormvariate(0.7, 1.8)))
            hour = rng.choices(range(24), HOURLY_STARTS)[0]
            second = hour * 3_600 + rng.randrange(3_600)
            if day == DAYS - 1:  # the session must end before midnight
                second = second * (DAY_S - length * LONGEST_STEP_S) // DAY_S
            sessions.append((MONTH_START_S + day * DAY_S + second, length))
            missing -= length
        yield from sorted(sessions)
