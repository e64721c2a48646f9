"""Numbers, days and names as the report writes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from sparkify.output import escape_control_characters
from sparkify.words import counted

SHORT = 60
"""Characters of a name in a chart; tooltip and table show the whole name."""

LONGEST_LIST = 3
"""Names in a sentence; of more names, the sentence gives the number only."""

FEWEST = 30
"""Plays, sessions or users from which on a sentence names what has the most: fewer are chance."""

FEWEST_WHOLE = 10
"""A mean from which on a sentence gives a whole number."""

SECONDS = {"day": 86_400, "hour": 3_600, "minute": 60}

PERCENT = "\u00a0%"
"""With a no-break space."""

_JOINERS = "\u200d\ufe0e\ufe0f"
_EXTENDERS = ((0x300, 0x36F), (0x1F3FB, 0x1F3FF), (0x610, 0x61A), (0x64B, 0x65F), (0x1AB0, 0x1AFF), (0x20D0, 0x20FF))
"""Characters that continue the one before them: joiners and variation selectors, combining marks, skin tones."""


def number(value: float) -> str:
    """A number with thousands separators, and two decimals unless it is whole: `6,820`, `8.79`.

    Below 0.01 it has two digits that are not 0: `0.0012`.
    """
    if isinstance(value, int):
        return f"{value:,}"
    if 0 < abs(value) < 0.01:
        return f"{Decimal(f'{value:.1e}').normalize():f}"
    return f"{value:,.0f}" if value.is_integer() else f"{value:,.2f}"


def rounded(value: float) -> str:
    """A number to one decimal: `8.8`, `9`."""
    return f"{value:,.1f}".removesuffix(".0")


def mean(value: float) -> str:
    """A mean to one decimal: `8.8`, `9`; 0 only when it is exactly none."""
    return "under 0.1" if 0 < value < 0.05 else rounded(value)


def about(value: float) -> str:
    """A mean of which decimals say little where it is great: `0.3`, `8.8`, `12`."""
    return f"{value:,.0f}" if value >= FEWEST_WHOLE else mean(value)


def of(number: str, one: str, many: str = "") -> str:
    """A number that is written already with what it counts: `1 play`, `1.5 plays`."""
    return f"{number} {one if number == '1' else many or f'{one}s'}"


def are(count: int) -> str:
    """The verb for a count."""
    return "is" if count == 1 else "are"


def share(part: float, whole: float) -> str:
    """A part as a percentage of the whole; 0 % and 100 % only when it is exactly none or all."""
    percent = 100 * part / whole if whole else 0.0
    if 0 < percent < 0.05:
        return f"under 0.1{PERCENT}"
    if 99.95 <= percent < 100:
        return f"over 99.9{PERCENT}"
    return f"{rounded(percent)}{PERCENT}"


def isolated(text: str) -> str:
    """A name from the data in Unicode isolates, so that its writing direction does not reorder the sentence.

    What would end the isolation, and any other control character, is spelled out.
    """
    return f"\u2068{escape_control_characters(text)}\u2069"


def named(text: str | None, unknown: str) -> str:
    """A name from the data in a sentence; `unknown` where it is null or blank."""
    return isolated(text) if text and text.strip() else unknown


def short_name(text: str | None, unknown: str = "") -> str:
    """A name from the data in a chart; `unknown` where it is null or blank."""
    return isolated(shortened(text)) if text and text.strip() else unknown


def label(column: str) -> str:
    """A column's name as words: `matched_plays` is `Matched plays`."""
    return capitalized(column.replace("_", " "))


def capitalized(text: str) -> str:
    """A text with a capital letter first."""
    return f"{text[:1].upper()}{text[1:]}"


def listing(names: Sequence[str]) -> str:
    """Names as a sentence lists them: `A, B and C`."""
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def day(value: date) -> str:
    """A day with its weekday: `Thursday 2018-11-01`."""
    return f"{value:%A} {value.isoformat()}"


def days(first: date, last: date) -> str:
    """The days from one to another: `2018-11-01 to 2018-11-07`, or the only one."""
    return f"{first}" if first == last else f"{first} to {last}"


def moment(value: datetime) -> str:
    """A time, to the minute: `2018-11-01 12:00`."""
    return value.isoformat(" ", "minutes")


def ago(now: datetime, then: datetime) -> str:
    """The time between two moments, in the largest unit that fits at least twice: `47 hours ago`."""
    seconds = (now - then).total_seconds()
    for unit, length in SECONDS.items():
        if seconds >= 2 * length:
            return f"{counted(int(seconds // length), unit)} ago"
    return "just now" if seconds >= -60 else f"after this report was made, at {moment(then)}"


def shortened(text: str, most: int = SHORT) -> str:
    """A text cut to at most so many characters, with "…" at its end; never inside an emoji or an accented letter."""
    if len(text) <= most:
        return text
    end = most - 1
    while end > 1 and (_continues(text[end]) or text[end - 1] == "\u200d"):
        end -= 1
    return text[:end].rstrip() + "…"


def _continues(character: str) -> bool:
    return character in _JOINERS or any(first <= ord(character) <= last for first, last in _EXTENDERS)
