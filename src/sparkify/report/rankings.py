"""Rankings: the sentence that names the first place, and the chart with a bar a row.

Each name is written above its bar, where it has the whole width even on a phone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import altair as alt

from sparkify.questions import MOST
from sparkify.report import words
from sparkify.report.answers import AnsweredQuestion, Row
from sparkify.report.charts import AnyChart, Drawing, Spec, specification, tooltips
from sparkify.words import counted

ROW_HEIGHT, BAR_HEIGHT = 44, 9
"""Pixels."""


def leader(
    answer: AnsweredQuestion,
    name: Callable[[Row], str],
    one: str,
    many: str = "",
    *,
    leads: str = "leads",
    lead: str = "lead",
    nothing: str = "",
) -> str:
    """Who has the first place in a ranking by plays, alone or with others.

    `one` and `many` are the noun for what is ranked, `leads` and `lead` the verb for one leader and for several.
    `nothing` is the sentence for no rows although there are plays.
    """
    context = answer.context
    if not answer.rows:
        return nothing if nothing and context.plays else context.no_plays
    most = answer.records[0]["plays"]
    leaders = [name(row) for row in answer.records if row["plays"] == most]
    plays, share = counted(most, "play"), f"{words.share(most, context.plays)} of all"
    if len(leaders) == 1 == len(answer.rows):
        return words.capitalized(f"{leaders[0]} is the only one, with {plays}, {share}.")
    if len(leaders) == 1:
        return words.capitalized(f"{leaders[0]} {leads} with {plays}, {share}.")
    if len(leaders) <= words.LONGEST_LIST:
        return words.capitalized(f"{words.listing(leaders)} {lead} with {plays} each, {share}.")
    at_least = "At least " if len(leaders) == len(answer.rows) == MOST else ""
    return f"{at_least}{counted(len(leaders), one, many)} share the first place, with {plays} each, {share}."


def ranking(answer: AnsweredQuestion, labels: Sequence[str], count: str = "plays", most: int | None = None) -> Drawing:
    """A bar for each row, or for the first `most`: `labels` are the rows' names, `count` is the column of numbers."""
    rows = [[rank, name, *row] for rank, (name, row) in enumerate(zip(labels, answer.rows, strict=True))][:most]
    spec = specification(bars(count, answer.columns, len(rows)))
    return Drawing(["rank", "label", *answer.columns], rows, [spec])


def bars(count: str, columns: Iterable[str], rows: int) -> AnyChart:
    """Bars over the columns `rank`, `label` and `count`, for so many rows; the tooltip shows `columns`."""
    y = alt.Y("rank:O", axis=None, scale=alt.Scale(padding=0))
    base = alt.Chart(alt.NamedData("rows")).encode(y=y, tooltip=tooltips(columns, {count}))
    text: Spec = {"yOffset": -8, "baseline": "middle", "fontSize": 13, "fill": "var(--text)"}
    number = f"format(datum.{count}, ',') + (datum.{count} == 1 ? ' {count[:-1]}' : ' {count}')"
    marks = base.mark_bar(height=BAR_HEIGHT, yOffset=9, cornerRadius=2, color="var(--first)")
    names = base.mark_text(**text, align="left", limit=alt.ExprRef("max(width - 96, 40)"))
    numbers = base.transform_calculate(number=number).mark_text(**text, align="right")
    return alt.layer(
        marks.encode(x=alt.X(f"{count}:Q", axis=None, scale=alt.Scale(zero=True, nice=False))),
        names.encode(x=alt.value(0), text="label:N"),
        numbers.encode(x=alt.value("width"), text="number:N"),
    ).properties(height=rows * ROW_HEIGHT)
