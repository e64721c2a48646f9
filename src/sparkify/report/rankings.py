"""Charts of who or what comes first: bars under their names, which have the whole width even on a telephone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import altair as alt

from sparkify.engines.answer import Value
from sparkify.report import user_agents, words
from sparkify.report.answers import AnsweredQuestion, Row, Surroundings
from sparkify.report.charts import Drawing, Spec, finished, tooltips
from sparkify.words import counted

ROW_HEIGHT, BAR_HEIGHT = 44, 9
"""Pixels."""

FAMILIES = 8
"""Browsers or systems that get a bar each; the others share the last."""

REASONS = 10
"""Reasons for rejected records that get a bar."""


def songs(answer: AnsweredQuestion, around: Surroundings) -> Drawing:
    """Titles and their artists."""
    return _ranking(answer, [_song(row) for row in answer.records])


def artists(answer: AnsweredQuestion, around: Surroundings) -> Drawing:
    """Artists."""
    return _ranking(answer, [_name(row["artist_name"], "unknown artist") for row in answer.records])


def users(answer: AnsweredQuestion, around: Surroundings) -> Drawing:
    """Users."""
    return _ranking(answer, [user_name(row) for row in answer.records])


def cities(answer: AnsweredQuestion, around: Surroundings) -> Drawing:
    """Cities with their states."""
    return _ranking(answer, [place_name(row) for row in answer.records])


def states(answer: AnsweredQuestion, around: Surroundings) -> Drawing:
    """States."""
    return _ranking(answer, [_name(row["state"], "unknown state") for row in answer.records])


def reasons(answer: AnsweredQuestion, around: Surroundings) -> Drawing:
    """The most frequent reasons why records are rejected."""
    names = [": ".join(part for part in (row["column_name"], row["reason"]) if part) for row in answer.records]
    return _ranking(answer, [_name(name, "") for name in names], "records", most=REASONS)


def families(answer: AnsweredQuestion, around: Surroundings) -> Drawing:
    """Browsers in one chart, systems in the other."""
    browsers, systems = user_agents.plays_by_family(answer.records)
    rows = [*_family_rows("browser", browsers), *_family_rows("system", systems)]
    specs = [
        finished(
            _bars("plays", ["name", "plays"], sum(row[0] == kind for row in rows)).transform_filter(
                f"datum.kind == '{kind}'"
            )
        )
        for kind in ("browser", "system")
    ]
    return Drawing(["kind", "rank", "label", "name", "plays"], rows, specs, ["Browsers", "Systems"])


def user_name(row: Row) -> str:
    """A user by name and id."""
    names = " ".join(name for name in (row["first_name"], row["last_name"]) if name)
    return f"{words.isolated(words.shortened(names))} (user {row['user_id']})" if names else f"user {row['user_id']}"


def place_name(row: Row) -> str:
    """A city with its state."""
    names = [words.isolated(words.shortened(name)) for name in (row["city"], row["state"]) if name]
    return ", ".join(names) or "unknown place"


def _song(row: Row) -> str:
    return f"{_name(row['title'], 'untitled')} – {_name(row['artist_name'], 'unknown artist')}"


def _name(text: str | None, unknown: str) -> str:
    return unknown if text is None else words.isolated(words.shortened(text))


def _family_rows(kind: str, plays: Counter[str]) -> list[list[Value]]:
    ranked = sorted(plays.items(), key=lambda item: (-item[1], item[0]))
    shown, others = ranked[:FAMILIES], ranked[FAMILIES:]
    if others:
        shown.append((counted(len(others), "other"), sum(count for _, count in others)))
    return [[kind, rank, _name(name, ""), name, count] for rank, (name, count) in enumerate(shown)]


def _ranking(answer: AnsweredQuestion, labels: Sequence[str], count: str = "plays", most: int | None = None) -> Drawing:
    rows = [[rank, name, *row] for rank, (name, row) in enumerate(zip(labels, answer.rows, strict=True))][:most]
    return Drawing(["rank", "label", *answer.columns], rows, [finished(_bars(count, answer.columns, len(rows)))])


def _bars(count: str, columns: Iterable[str], rows: int) -> alt.LayerChart | alt.FacetChart:
    y = alt.Y("rank:O", axis=None, scale=alt.Scale(padding=0))
    base = alt.Chart(alt.NamedData("rows")).encode(y=y, tooltip=tooltips(columns, {count}))
    text: Spec = {"yOffset": -8, "baseline": "middle", "fontSize": 13, "fill": "var(--text)"}
    number = f"format(datum.{count}, ',') + (datum.{count} == 1 ? ' {count[:-1]}' : ' {count}')"
    bars = base.mark_bar(height=BAR_HEIGHT, yOffset=9, cornerRadius=2, color="var(--first)")
    names = base.mark_text(**text, align="left", limit=alt.ExprRef("max(width - 96, 40)"))
    numbers = base.transform_calculate(number=number).mark_text(**text, align="right")
    return alt.layer(
        bars.encode(x=alt.X(f"{count}:Q", axis=None, scale=alt.Scale(zero=True, nice=False))),
        names.encode(x=alt.value(0), text="label:N"),
        numbers.encode(x=alt.value("width"), text="number:N"),
    ).properties(height=rows * ROW_HEIGHT)
