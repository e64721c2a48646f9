"""The days that a folder says its objects are of, where a pipeline writes each period into a folder of its own."""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date

STEPS = ("year", "month", "day")
"""Keys of partitions that name a date step by step, year=2018/month=11/day=30; or without keys: 2018/11/30."""

IN_ONE = re.compile(r"(\d{4})-(\d\d)(?:-(\d\d))?|(\d{4})(\d\d)(\d\d)")
"""A month or a day in one: 2018-11, 2018-11-30, 20181130."""

KEYS_OF_DAYS = ("date", "day", "ds", "dt")
"""Keys of partitions that name a day in one: dt=2018-11-30."""

FIRST_YEAR = 1970
"""A number below this is no year."""


def is_over(folder: str, since: date | None) -> bool:
    """Whether a folder says that all it holds is of days before `since`, by its path below the location."""
    return since is not None and (last := last_day(folder)) is not None and last < since


def lies_over(folder: str, since: date) -> bool:
    """Whether a folder says so, or one of those in which it lies; its path ends with a slash."""
    return any(is_over(folder[:end], since) for end, letter in enumerate(folder) if letter == "/")


def last_day(folder: str) -> date | None:
    """The last day of the period that the path of a folder names; None where it names none.

    The parts of a date follow one another. Before and behind them, folders may have any names.
    """
    known: tuple[int, ...] = ()
    for name in folder.split("/"):
        narrower = _narrower(known, name)
        if known and not narrower:
            break
        known = narrower
    if not known:
        return None
    year, month, day = known + (12, 31)[len(known) - 1 :]
    return date(year, month, min(day, monthrange(year, month)[1]))


def _narrower(known: tuple[int, ...], name: str) -> tuple[int, ...]:
    """Year, month and day as far as one more folder tells them; empty where it adds nothing to what is known."""
    key, _, value = name.lower().rpartition("=")
    if len(known) == len(STEPS):
        return ()
    if key in ("", STEPS[len(known)]) and re.fullmatch(r"\d\d?" if known else r"\d{4}", value, re.ASCII):
        return _valid((*known, int(value)))
    if key in ("", *KEYS_OF_DAYS) and (match := IN_ONE.fullmatch(value)) and value.isascii():
        in_one = tuple(int(digits) for digits in match.groups() if digits)
        return _valid(in_one) if in_one[: len(known)] == known else ()
    return ()


def _valid(known: tuple[int, ...]) -> tuple[int, ...]:
    """The numbers, if there are such a year, month and day; else none."""
    try:
        first = date(*(*known, 1, 1)[:3])
    except ValueError:
        return ()
    return known if first.year >= FIRST_YEAR else ()
