"""The brief compares like with like, says which days it compares, and finds what its rule names."""

import re
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.records import event
from harness.report_page import DAY, FIRST_DAY, Report, fill
from harness.warehouse import Sparkify
from sparkify.report import brief, comparison, grains, unusual
from sparkify.report.comparison import Comparison, Totals
from sparkify.report.measures import HOURS, LISTENERS, PAID_SHARE, PLAYS, Measure

PLAIN = {ord("\u2068"): None, ord("\u2069"): None, ord("\u00a0"): " "}
"""Removes isolates, and turns no-break spaces into spaces."""

FIRST = date(2018, 11, 1)
NO_PLAYS = {"plays": 0, "listeners": 0, "hours": 0.0, "paid_plays": 0}
SOME = {"plays": 40, "listeners": 0, "hours": 0.0, "paid_plays": 10}
MORE = {"plays": 50, "listeners": 3, "hours": 9.0, "paid_plays": 0}


def hourly(hours: Iterable[int], **more: Any) -> list[Mapping[str, Any]]:
    """A play in each of some hours, counted from the first day on; an hour may be there several times."""
    return [
        event(**{"ts": FIRST_DAY + hour * DAY // 24, "sessionId": n, "userId": str(n % 10), **more})
        for n, hour in enumerate(hours)
    ]


def text(sparkify: Sparkify, *options: str) -> str:
    return Report.made(sparkify, *options).page.text.translate(PLAIN)


@pytest.mark.parametrize(
    ("now", "before", "is_named"),
    [
        (0, 0, False),
        (109, 100, False),
        (130, 100, False),
        (150, 100, True),
        (9, 0, True),
        (8, 0, False),
        (40, 100, True),
    ],
)
def test_a_change_is_unusual_when_it_is_great_and_no_chance(now: int, before: int, is_named: bool) -> None:
    assert (unusual.deviation(now, before) > 0) == is_named


def test_the_brief_compares_weeks_and_names_what_is_unusual(sparkify: Sparkify) -> None:
    doubled = [*range(24 * 14), *range(24 * 9, 24 * 14)]  # five days of the second week have twice the plays
    fill(sparkify, hourly(doubled, song="Hello", artist="Adele"))
    found = text(sparkify)
    assert "the last 7 days: 288, up 71 % on the 7 days before" in found
    assert "Plays in the last 7 days are up 71 % on the 7 days before: 288 after 168." in found
    assert "Plays of Adele rise from 168 to 288: the 7 days to 2018-11-14 against the 7 days before." in found
    assert "Active listeners in" not in found


def test_the_brief_counts_the_same_weekdays(sparkify: Sparkify) -> None:
    days = [FIRST + timedelta(days=n) for n in range(21)]
    fill(
        sparkify,
        hourly(24 * n + hour for n, day in enumerate(days) for hour in [*range(24)] * (1 + (day.weekday() < 5))),
    )
    weekend = text(sparkify, "--from", "2018-11-17", "--to", "2018-11-18")
    assert "Plays48unchanged on the 2 days 1 week earlier" in "".join(weekend.split("\n"))
    assert "The brief compares 2018-11-17 to 2018-11-18 with 2018-11-10 to 2018-11-11, the same weekdays." in weekend
    assert "Nothing is unusual in this period." in weekend


def test_a_tile_says_which_days_it_compares_when_they_are_not_all_of_its_own(sparkify: Sparkify) -> None:
    fill(sparkify, hourly(range(24 * 20 + 5)))  # of the last day, 2018-11-21, there are five hours
    asked = text(sparkify, "--from", "2018-11-16")
    assert "125" in asked
    assert "the 5 whole days of this period: 120, unchanged on the 5 days 1 week earlier" in asked
    assert (
        "2018-11-16 to 2018-11-20 with 2018-11-09 to 2018-11-13, the same weekdays. It leaves out 2018-11-21" in asked
    )
    assert not re.search("(Plays|listeners) in this period are|unusual in this period", asked)
    assert "the last 7 whole days: 168, unchanged on the 7 days before" in text(sparkify)
    assert "the last 7 days: 168, unchanged on the 7 days before" in text(sparkify, "--to", "2018-11-20")
    assert "Nothing is compared: this period has no whole day" in text(sparkify, "--from", "2018-11-21")


@pytest.mark.parametrize(
    ("measure", "now", "before", "change"),
    [
        (PLAYS, NO_PLAYS, NO_PLAYS, "none in this period, nor in the 7 days before"),
        (PLAYS, MORE, NO_PLAYS, "none in the 7 days before"),
        (PLAYS, NO_PLAYS, SOME, "down 100 % on the 7 days before"),
        (PLAYS, MORE, SOME, "up 25 % on the 7 days before"),
        (LISTENERS, MORE, SOME, "none in the 7 days before"),
        (HOURS, SOME, SOME, "none in this period, nor in the 7 days before"),
        (PAID_SHARE, NO_PLAYS, SOME, "no plays in this period"),
        (PAID_SHARE, SOME, NO_PLAYS, "no plays in the 7 days before"),
        (PAID_SHARE, NO_PLAYS, NO_PLAYS, "no plays in this period, nor in the 7 days before"),
        (PAID_SHARE, MORE, SOME, "down 25 points on the 7 days before"),
        (PAID_SHARE, MORE, MORE, "unchanged on the 7 days before"),
        (PLAYS, {"plays": 10_004}, {"plays": 10_000}, "up under 0.1 % on the 7 days before"),
        (PLAYS, {"plays": 9_990}, {"plays": 10_000}, "down 0.1 % on the 7 days before"),
    ],
)
def test_nothing_is_compared_with_nothing(measure: Measure, now: Totals, before: Totals, change: str) -> None:
    last = FIRST + timedelta(days=6)
    compared = Comparison((FIRST, last), FIRST, last, now, before)
    assert brief.change_in_tile(measure, compared).translate(PLAIN) == change
    longer = Comparison((FIRST - timedelta(days=1), last), FIRST, last, now, before)
    of_part = brief.change_in_tile(measure, longer).translate(PLAIN)
    assert "this period" not in of_part
    assert "the last 7 days" in of_part


def test_the_share_of_paid_listeners_is_told_of_all_listeners_only(sparkify: Sparkify) -> None:
    fill(sparkify, [*hourly(range(24 * 7), level="paid"), *hourly([24 * 14 - 1], level="free", sessionId=999)])
    found = text(sparkify)
    assert found.count("Plays of paid listeners") == 1
    assert found.count("the last 7 days: 0 %, down 100 points on the 7 days before") == 1
    assert "Plays of paid listeners" not in text(sparkify, "--level", "free")


def test_the_line_of_a_tile_does_not_fall_where_a_day_or_week_is_not_whole(sparkify: Sparkify) -> None:
    """From the noon of a Thursday to the noon of another: 24 plays on each whole day, 168 in each whole week."""
    fill(sparkify, hourly(range(12, 24 * 28 + 12)))
    for options, whole in (((), 27), (("--by", "week"), 3), (("--from", "2018-11-09", "--by", "week"), 2)):
        points = re.findall(r'<polyline points="([^"]*)"', Report.made(sparkify, *options).html)[0].split()
        assert len(points) == whole
        assert {point.partition(",")[2] for point in points} == {"1.0"}


def test_an_hour_of_music_is_not_rounded_to_none(sparkify: Sparkify) -> None:
    fill(sparkify, [event()])
    assert "Hours of music0.1" in text(sparkify)


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)), st.integers(1, 400))
def test_the_earlier_period_is_the_nearest_on_the_same_weekdays(first: date, length: int) -> None:
    last = first + timedelta(days=length - 1)
    first_before, last_before = comparison.earlier(first, last)
    assert last_before < first
    assert (first - last_before).days <= comparison.WEEK
    assert grains.length(first_before, last_before) == length
    assert first_before.weekday() == first.weekday()


def test_no_day_lies_before_the_first_or_after_the_last_that_there_is() -> None:
    second = date.min + timedelta(days=1)
    assert grains.earlier(second, 1) == grains.earlier(second, 30) == date.min
    assert comparison.earlier(second, second) == (date.min, date.min)
    assert grains.later(date.max, 1) == date.max


def test_an_unusual_artist_is_sought_among_all(sparkify: Sparkify) -> None:
    """Ten artists change by more plays, each by no more than chance explains."""
    plays = {f"Artist {n}": (30, 55) for n in range(10)} | {"Newcomer": (10, 34)}
    weeks = [
        event(artist=artist, ts=FIRST_DAY + week * 7 * DAY + n * 1_000, sessionId=n, itemInSession=10 * number + week)
        for number, (artist, counts) in enumerate(plays.items())
        for week, count in enumerate(counts)
        for n in range(count)
    ]
    fill(sparkify, [*weeks, event(artist="None", ts=FIRST_DAY + 14 * DAY - 1, sessionId=999)])
    found = text(sparkify)
    assert "Plays of Newcomer rise from 10 to 34: the 7 days to 2018-11-14 against the 7 days before." in found
    assert "Plays of Artist" not in found
