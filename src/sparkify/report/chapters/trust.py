"""Whether the numbers can be trusted: how fresh and how complete they are, and what went wrong."""

from __future__ import annotations

from datetime import datetime

from sparkify.report import days, grains, rankings, words
from sparkify.report.answers import USUAL_DAYS, AnsweredQuestion, Row
from sparkify.report.drawings import Drawing
from sparkify.report.figures import Chapter, Figure
from sparkify.words import counted

MOST_REASONS = 10
"""Reasons for rejected records that get a bar."""


def _freshness_sentence(answer: AnsweredQuestion) -> str:
    if not answer.rows:
        return "Nothing has been loaded yet."
    context = answer.context
    loads = words.listing(
        [
            f"the last {row['kind']} were loaded {words.ago(context.now, row['last_loaded_at'])}"
            for row in answer.records
        ]
    )
    last: datetime | None = context.totals["last_play"]
    last_play = f"; the last play in this report was {words.ago(context.now, last)}" if last else ""
    return words.capitalized(f"{loads}{last_play}.")


def _rejected_sentence(answer: AnsweredQuestion) -> str:
    if not answer.rows:
        return "No record is rejected."
    first, records = answer.records[0], sum(row["records"] for row in answer.records)
    column = f" in column {first['column_name']}" if first["column_name"] else ""
    reason = f"“{words.isolated(first['reason'])}”{column}"
    rejected = f"{counted(records, 'record')} {words.are(records)} rejected"
    if len(answer.rows) == 1:
        return f"{rejected}: {reason}."
    is_tied = answer.records[1]["records"] == first["records"]
    most = f"no reason is more frequent than {reason}" if is_tied else f"most often for {reason}"
    return f"{rejected}, {most} ({words.number(first['records'])})."


def _rejected_chart(answer: AnsweredQuestion) -> Drawing:
    labels = [": ".join(part for part in (row["column_name"], row["reason"]) if part) for row in answer.records]
    return rankings.ranking(answer, [words.short_name(text) for text in labels], "records", MOST_REASONS)


def _usual_plays_sentence(answer: AnsweredQuestion) -> str:
    """The days that are furthest from the usual, of those that are whole and have plays enough."""
    if not answer.rows:
        return answer.context.no_plays
    whole = [row for row in answer.records if answer.has_usual_plays(row)]
    if not whole:
        return "No whole day here has four weeks of plays before it, so none can be compared yet."
    parts = [f"{counted(len(whole), 'whole day')} can be compared"]
    usual = [row for row in whole if max(row["plays"], row["usual_plays"]) >= words.FEWEST]
    if not usual:
        return f"{parts[0]}; none of them has or usually has {words.FEWEST} plays, and fewer tell little."
    below, above = (choose(usual, key=lambda row: row["plays"] - row["usual_plays"]) for choose in (min, max))
    if below["plays"] < round(below["usual_plays"]):
        parts.append(f"furthest below the usual is {_compared(below)}")
    if above["plays"] > round(above["usual_plays"]):
        parts.append(f"furthest above is {_compared(above)}")
    return "; ".join(parts if len(parts) > 1 else [*parts, "none differs from the usual"]) + "."


def _compared(row: Row) -> str:
    usual = words.number(round(row["usual_plays"]))
    return f"{words.day(row['day'])} with {counted(row['plays'], 'play')} where {usual} are usual"


def _usual_plays_chart(answer: AnsweredQuestion) -> Drawing:
    """A bar for each day's plays, and a line across it at the usual number, where that is known."""
    has_usual = any(row["usual_plays"] is not None for row in answer.records)
    names = ["plays", "usual for the weekday"][: 1 + has_usual]
    return days.drawing(answer, days.time_chart(answer, "usual_plays", names=names))


def _matched_sentence(answer: AnsweredQuestion) -> str:
    if not answer.rows:
        return answer.context.no_plays
    plays, matched = (sum(row[column] for row in answer.records) for column in ("plays", "matched_plays"))
    overall = (
        f"{words.number(matched)} of {counted(plays, 'play')} ({words.share(matched, plays)}) "
        f"{words.are(matched)} of songs in the catalogue"
    )
    comparable = [row for row in answer.records if row["plays"] >= words.FEWEST and answer.is_whole(row["day"])]
    if not comparable:
        return f"{overall}."
    extremes = [choose(comparable, key=lambda row: row["matched_share"]) for choose in (min, max)]
    low, high = (words.share(row["matched_plays"], row["plays"]) for row in extremes)
    if low == high:
        return f"{overall}."
    low_in, high_in = (grains.name(row["day"], answer.grain) for row in extremes)
    return f"{overall}; the share of a whole {answer.grain} is between {low} ({low_in}) and {high} ({high_in})."


def _matched_chart(answer: AnsweredQuestion) -> Drawing:
    return days.drawing(answer, days.bars_of_one_number(answer, "matched_share", "%"))


def _last_runs_sentence(answer: AnsweredQuestion) -> str:
    if not answer.rows:
        return "There has been no run yet."
    last = answer.records[0]
    how = {"done": "is done", "running": "is still running", "killed": "was killed"}.get(last["status"], last["status"])
    text = f"The last run, begun {words.ago(answer.context.now, last['started_at'])}, {how}."
    if cleaned := sum(row["texts_cleaned"] or 0 for row in answer.records):
        was = "was" if cleaned == 1 else "were"
        text += f" {counted(cleaned, 'text')} of these runs ended in blanks or {was} encoded twice."
    if len(answer.rows) == 1:
        return text
    bad = sum(row["status"] not in ("done", "running") for row in answer.records)
    return (
        f"{text} Of the last {len(answer.rows)} runs, {bad or 'none'} failed or {'were' if bad > 1 else 'was'} killed."
    )


CHAPTER = Chapter(
    name="trust",
    short="Trust",
    title="Can it be trusted?",
    lead="How fresh and how complete the numbers are, and what went wrong on the way.",
    figures=(
        Figure("freshness", _freshness_sentence, shape="table"),
        Figure("rejected_by_reason", _rejected_sentence, _rejected_chart),
        Figure(
            "plays_against_four_weeks", _usual_plays_sentence, _usual_plays_chart, is_wide=True, most_days=USUAL_DAYS
        ),
        Figure("matched_by_day", _matched_sentence, _matched_chart, is_wide=True),
        Figure("last_runs", _last_runs_sentence, is_wide=True, shape="table"),
    ),
)
