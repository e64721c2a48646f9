"""What the answers on the data themselves say: how fresh and how complete they are, and what went wrong."""

from __future__ import annotations

from datetime import datetime

from sparkify.report import words
from sparkify.report.answers import AnsweredQuestion, Row, Surroundings
from sparkify.words import counted


def against_usual(answer: AnsweredQuestion, around: Surroundings) -> str:
    """Which days are furthest from the usual."""
    if not answer.rows:
        return around.no_plays
    known = [row for row in answer.records if row["usual_plays"] is not None]
    if not known:
        return "No day here has four weeks of plays before it, so none can be compared yet."
    below = min(known, key=lambda row: row["plays"] - row["usual_plays"])
    above = max(known, key=lambda row: row["plays"] - row["usual_plays"])
    parts = [f"{counted(len(known), 'day')} can be compared"]
    if below["plays"] < below["usual_plays"]:
        parts.append(f"furthest below the usual is {_compared(below)}")
    if above["plays"] > above["usual_plays"]:
        parts.append(f"furthest above is {_compared(above)}")
    return "; ".join(parts if len(parts) > 1 else [*parts, "each has exactly the usual plays"]) + "."


def matched_by_day(answer: AnsweredQuestion, around: Surroundings) -> str:
    """What share of plays is matched, and between which bounds it moves."""
    if not answer.rows:
        return around.no_plays
    plays, matched = (sum(row[column] for row in answer.records) for column in ("plays", "matched_plays"))
    overall = (
        f"{words.number(matched)} of {counted(plays, 'play')} ({words.share(matched, plays)}) "
        f"{words.are(matched)} of songs in the catalogue"
    )
    low, high = (choose(answer.records, key=lambda row: row["matched_share"]) for choose in (min, max))
    if low["matched_share"] == high["matched_share"]:
        return f"{overall}."
    return f"{overall}; the day's share is between {_matched(low)} and {_matched(high)}."


def freshness(answer: AnsweredQuestion, around: Surroundings) -> str:
    """How long ago each kind was loaded last, and when the last play was."""
    if not answer.rows:
        return "Nothing has been loaded yet."
    loads = [
        f"the last {row['kind']} were loaded {words.ago(around.now, row['last_loaded_at'])}" for row in answer.records
    ]
    text = words.listing(loads)
    last: datetime | None = around.totals["last_play"]
    heard = f"; the last play in this report was {words.ago(around.now, last)}" if last else ""
    return f"{text[0].upper()}{text[1:]}{heard}."


def rejected(answer: AnsweredQuestion, around: Surroundings) -> str:
    """How many records were rejected, and why most of them."""
    if not answer.rows:
        return "No record is rejected."
    first, records = answer.records[0], sum(row["records"] for row in answer.records)
    where = f" in column {first['column_name']}" if first["column_name"] else ""
    reason = f"“{words.isolated(first['reason'])}”{where}"
    if len(answer.rows) == 1:
        return f"{counted(records, 'record')} {words.are(records)} rejected: {reason}."
    tied = sum(row["records"] == first["records"] for row in answer.records) > 1
    most = f"no reason is more frequent than {reason}" if tied else f"most often for {reason}"
    return f"{counted(records, 'record')} {words.are(records)} rejected, {most} ({words.number(first['records'])})."


def last_runs(answer: AnsweredQuestion, around: Surroundings) -> str:
    """How the last run ended, and how many did not end well."""
    if not answer.rows:
        return "There has been no run yet."
    last = answer.records[0]
    how = {"done": "is done", "running": "is still running", "killed": "was killed"}.get(last["status"], last["status"])
    text = f"The last run, begun {words.ago(around.now, last['started_at'])}, {how}."
    bad = sum(row["status"] not in ("done", "running") for row in answer.records)
    if len(answer.rows) == 1:
        return text
    return (
        f"{text} Of the last {len(answer.rows)} runs, {bad or 'none'} failed or {'were' if bad > 1 else 'was'} killed."
    )


def _compared(row: Row) -> str:
    usual = words.number(row["usual_plays"])
    return f"{words.day(row['day'])} with {counted(row['plays'], 'play')} where {usual} are usual"


def _matched(row: Row) -> str:
    return f"{words.share(row['matched_plays'], row['plays'])} ({words.day(row['day'])})"
