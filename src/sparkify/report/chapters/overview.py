"""How much was played."""

from __future__ import annotations

from sparkify.report import words
from sparkify.report.answers import AnsweredQuestion
from sparkify.report.figures import Chapter, Figure
from sparkify.words import counted


def _totals_sentence(answer: AnsweredQuestion) -> str:
    [row] = answer.records
    if not row["plays"]:
        return answer.context.no_plays
    plays, sessions = counted(row["plays"], "play"), counted(row["sessions"], "session")
    first, last = row["first_play"].date(), row["last_play"].date()
    days = f"on {words.day(first)}" if first == last else f"from {words.day(first)} to {words.day(last)}"
    return (
        f"{plays} by {counted(row['listeners'], 'listener')} in {sessions}, {days} (UTC); "
        f"{words.share(row['matched_plays'], row['plays'])} of them are of songs in the catalogue."
    )


CHAPTER = Chapter(
    name="overview",
    short="Overview",
    title="Overview",
    lead="The whole in six numbers.",
    figures=(Figure("totals", _totals_sentence, is_wide=True, shape="tiles"),),
)
