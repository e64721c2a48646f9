"""Days, weeks (from Monday) and months, UTC: by which of them a report counts, and how it names them."""

from __future__ import annotations

from datetime import date, timedelta

from sparkify.report import words

MOST_DAYS = {"day": 90, "week": 400}
"""The longest period, in days, that is shown by day, and by week; a longer one is shown by month."""


def fitting(days: int) -> str:
    """The grain for a period of so many days."""
    return next((grain for grain, most in MOST_DAYS.items() if days <= most), "month")


def begin(day: date, grain: str) -> date:
    """The first day of the day, week or month in which a day lies."""
    if grain == "week":
        return earlier(day, day.weekday())
    return day.replace(day=1) if grain == "month" else day


def end(begin: date, grain: str) -> date:
    """The day after a day, week or month that begins on a day."""
    if grain == "month":
        following = later(begin, 31)
        return following.replace(day=1) if following < date.max else following
    return later(begin, 7 if grain == "week" else 1)


def later(day: date, days: int) -> date:
    """A day so many days later, or the last day that there is."""
    return day + min(timedelta(days=days), date.max - day)


def earlier(day: date, days: int) -> date:
    """A day so many days earlier, or the first day that there is."""
    return day - min(timedelta(days=days), day - date.min)


def length(first: date, last: date) -> int:
    """The days from one to another, both included."""
    return (last - first).days + 1


def all_between(first: date, last: date, grain: str) -> list[date]:
    """The first day of each day, week or month from the one in which `first` lies to the one in which `last` lies."""
    begins = [begin(first, grain)]
    while begins[-1] < (following := end(begins[-1], grain)) <= last:
        begins.append(following)
    return begins


def name(begin: date, grain: str) -> str:
    """A day, week or month in a sentence: `Thursday 2018-11-01`, `the week from 2018-11-26`, `November 2018`."""
    if grain == "week":
        return f"the week from {begin}"
    return f"{begin:%B %Y}" if grain == "month" else words.day(begin)


def within(begin: date, grain: str) -> str:
    """When something happened: `on Thursday 2018-11-01`, `in the week from 2018-11-26`, `in November 2018`."""
    return f"{'on' if grain == 'day' else 'in'} {name(begin, grain)}"


def in_title(title: str, grain: str) -> str:
    """The title of a question about days, for the grain by which it is asked."""
    return title if grain == "day" else title.replace("each day", f"each {grain}")
