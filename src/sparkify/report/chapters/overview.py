"""The brief: how much is played, what is unusual, and how it went from day to day."""

from __future__ import annotations

from sparkify.report import days, grains, words
from sparkify.report.answers import AnsweredQuestion
from sparkify.report.figures import Chapter, Figure
from sparkify.words import counted


def _totals_sentence(answer: AnsweredQuestion) -> str:
    [row] = answer.records
    if not row["plays"]:
        return answer.context.no_plays
    plays, sessions = counted(row["plays"], "play"), counted(row["sessions"], "session")
    first, last = row["first_play"].date(), row["last_play"].date()
    period = grains.within(first, "day") if first == last else f"from {words.day(first)} to {words.day(last)}"
    return (
        f"{plays} by {counted(row['listeners'], 'listener')} in {sessions}, {period} (UTC); "
        f"{words.share(row['matched_plays'], row['plays'])} of them are of songs in the catalogue."
    )


def _plays_sentence(answer: AnsweredQuestion) -> str:
    if not answer.rows:
        return answer.context.no_plays
    by_day = days.sums(answer.records, "plays")
    paid, unknown = (sum(row["plays"] for row in answer.records if row["level"] == level) for level in ("paid", None))
    of_unknown = f" and {words.share(unknown, by_day.total())} of listeners of unknown level" if unknown else ""
    of_paid = f", {words.share(paid, by_day.total())} of them of paid listeners{of_unknown}"
    length = counted(grains.length(*answer.days), "day")
    empty = len(answer.begins) - len(by_day)
    without = f" ({f'{empty:,}' if answer.grain == 'day' else counted(empty, answer.grain)} without a play)"
    return (
        f"{counted(by_day.total(), 'play')} in {length}{without if empty else ''}"
        f"{'' if answer.context.filter.level else of_paid}{days.busiest(answer, by_day, 'play')}."
    )


CHAPTER = Chapter(
    name="overview",
    short="Overview",
    title="In brief",
    lead="",
    figures=(
        Figure("totals", _totals_sentence, is_wide=True, shape="brief"),
        Figure("plays_by_day", _plays_sentence, days.bars_by_level, is_wide=True),
    ),
)
