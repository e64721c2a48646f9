"""Numbers, days and names as the report writes them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

from sparkify.words import counted

SHORT = 60
"""Characters of a name in a chart; the tooltip and the table have it whole."""

LONGEST_LIST = 3
"""Names in a sentence; of more than that, only their number is told."""

SECONDS = {"day": 86_400, "hour": 3_600, "minute": 60}

PERCENT = "\u00a0%"
"""With a space at which no line ends."""

_JOINERS = "\u200d\ufe0e\ufe0f"
_EXTENDERS = ((0x300, 0x36F), (0x1F3FB, 0x1F3FF), (0x610, 0x61A), (0x64B, 0x65F), (0x1AB0, 0x1AFF), (0x20D0, 0x20FF))


def number(value: float) -> str:
    """A number to read: `6,820`, or `8.79` with two decimals unless it is whole."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.2f}"


def rounded(value: float) -> str:
    """A number to one decimal: `8.8`, `9`."""
    return f"{value:,.1f}".removesuffix(".0")


def are(count: int) -> str:
    """The verb for so many."""
    return "is" if count == 1 else "are"


def share(part: float, whole: float) -> str:
    """A part as per cent of the whole, never rounded to none or to all unless it is none or all."""
    percent = 100 * part / whole if whole else 0.0
    if 0 < percent < 0.05:
        return f"under 0.1{PERCENT}"
    if 99.95 <= percent < 100:
        return f"over 99.9{PERCENT}"
    return f"{rounded(percent)}{PERCENT}"


def isolated(text: str) -> str:
    """A name from outside, whose writing direction stays its own (Unicode's first strong isolate)."""
    return f"\u2068{text}\u2069"


def quoted(text: str | None, unknown: str = "an untitled song") -> str:
    """A title in quotation marks."""
    return unknown if text is None else f"“{isolated(text)}”"


def listing(names: Sequence[str]) -> str:
    """Some names as a sentence lists them."""
    return " and ".join(part for part in (", ".join(names[:-1]), names[-1]) if part)


def day(value: date) -> str:
    """A day with its weekday."""
    return f"{value:%A} {value.isoformat()}"


def moment(value: datetime) -> str:
    """A point in time, to the minute."""
    return value.isoformat(" ", "minutes")


def ago(now: datetime, then: datetime) -> str:
    """How long before now something was, in the largest unit of which there are two, or in minutes."""
    seconds = (now - then).total_seconds()
    for unit, length in SECONDS.items():
        if seconds >= 2 * length:
            return f"{counted(int(seconds // length), unit)} ago"
    return "just now" if seconds >= -60 else f"after this report was made, at {moment(then)}"


def shortened(text: str, most: int = SHORT) -> str:
    """A text cut to so many characters with "…" at its end, never within what is drawn as one character."""
    if len(text) <= most:
        return text
    end = most - 1
    while end > 1 and (_continues(text[end]) or text[end - 1] == "\u200d"):
        end -= 1
    return text[:end].rstrip() + "…"


def _continues(character: str) -> bool:
    return character in _JOINERS or any(first <= ord(character) <= last for first, last in _EXTENDERS)
