"""The numbers that the brief compares, and how it writes them and their changes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sparkify.report import words
from sparkify.report.comparison import Totals


@dataclass(frozen=True)
class Measure:
    """A number of the brief: its name, its value in an answer, and how it is written.

    The value of a share is None where it is a share of nothing; a count always has a value.
    """

    label: str
    value: Callable[[Totals], float | None]
    text: Callable[[float], str]
    is_share: bool = False

    def is_nothing(self, value: float | None) -> bool:
        """Whether no change can be told from this value on: a share of nothing, or a count of 0."""
        return value is None if self.is_share else not value

    def change(self, now: float, before: float) -> str:
        """How it changed from a value that is something: `up 12 %`, `down 3 points`, `up under 0.1 %`, `unchanged`."""
        if now == before:
            return "unchanged"
        change = now - before if self.is_share else (now - before) / before
        percent = abs(round(100 * change, 1 if abs(change) < 0.1 else None))
        unit = f" {'point' if percent == 1 else 'points'}" if self.is_share else words.PERCENT
        number = f"{percent:{',' if isinstance(percent, int) else 'g'}}" if percent else "under 0.1"
        return f"{'up' if change > 0 else 'down'} {number}{unit}"


def paid_share(totals: Totals) -> float | None:
    """The share of paid listeners' plays; None without plays."""
    return float(totals["paid_plays"] / totals["plays"]) if totals["plays"] else None


def share_text(share: float) -> str:
    """A share as a percentage."""
    return words.share(share, 1)


def _whole_number(value: float) -> str:
    return words.number(round(value))


PLAYS = Measure("Plays", lambda totals: totals["plays"], _whole_number)
LISTENERS = Measure("Active listeners", lambda totals: totals["listeners"], _whole_number)
HOURS = Measure("Hours of music", lambda totals: totals["hours"], words.about)
PAID_SHARE = Measure("Plays of paid listeners", paid_share, share_text, is_share=True)

MEASURES = (PLAYS, LISTENERS, HOURS, PAID_SHARE)
