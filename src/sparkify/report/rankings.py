"""Rankings: the sentence that names the first place, and the chart with a bar a row.

Each name is written above its bar, where it has the whole width even on a phone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from sparkify.questions import MOST
from sparkify.report import drawings, words
from sparkify.report.answers import AnsweredQuestion, Row
from sparkify.report.drawings import Drawing, Spec
from sparkify.words import counted

ROW_HEIGHT = 44
"""Pixels; those of the bar and the name are in the chart."""


def leader(
    answer: AnsweredQuestion,
    name: Callable[[Row], str],
    one: str,
    many: str = "",
    *,
    nothing: str = "",
) -> str:
    """Who has the first place in a ranking by plays, alone or with others, if it has plays enough to say so.

    `name` is empty for a row of what is not known, which takes no place. `one` and `many` are the noun for what is
    ranked. `nothing` is the sentence for no rows although there are plays.
    """
    context = answer.context
    if not answer.rows:
        return nothing if nothing and context.plays else context.no_plays
    known = [row for row in answer.records if name(row)]
    is_full = len(answer.rows) == MOST  # and may go on
    if not known:
        return f"The {one} of {f'the first {MOST}' if is_full else 'these plays'} is not known."
    most = known[0]["plays"]
    unknown = [row["plays"] for row in answer.records if not name(row)]
    text = _first_place(answer, [name(row) for row in known if row["plays"] == most], most, one, many)
    if sum(unknown) < most:
        return f"{text}."
    at_least = "at least " if is_full and len(unknown) > 1 else ""  # plays without a title are in a row for each artist
    plays, share = counted(sum(unknown), "play"), words.share(sum(unknown), context.plays)
    return f"{text}; the {one} of {at_least}{plays}, {share}, is not known."


def _first_place(answer: AnsweredQuestion, leaders: Sequence[str], most: int, one: str, many: str) -> str:
    """Who has the first place among those whose names are known."""
    plays, share = counted(most, "play"), f"{words.share(most, answer.context.plays)} of all"
    if len(leaders) == 1 == len(answer.rows):
        return words.capitalized(f"{leaders[0]} is the only one, with {plays}, {share}")
    if most < words.FEWEST:
        return f"No {one} stands out: none has more than {plays}"
    is_cut = len(answer.rows) == MOST and answer.records[-1]["plays"] == most
    if is_cut or len(leaders) > words.LONGEST_LIST:
        at_least = "At least " if is_cut else ""
        return f"{at_least}{counted(len(leaders), one, many)} share the first place, with {plays} each, {share}"
    verb, each = ("leads", "") if len(leaders) == 1 else ("lead", " each")
    return words.capitalized(f"{words.listing(leaders)} {verb} with {plays}{each}, {share}")


def ranking(answer: AnsweredQuestion, labels: Sequence[str], count: str = "plays", most: int | None = None) -> Drawing:
    """A bar for each row, or for the first `most`: `labels` are the rows' names, `count` is the column of numbers."""
    rows = [[rank, name, *row] for rank, (name, row) in enumerate(zip(labels, answer.rows, strict=True))][:most]
    return Drawing(["rank", "label", *answer.columns], rows, [bars(count, answer.columns, len(rows))])


def bars(
    count: str,
    columns: Iterable[str],
    rows: int,
    *,
    color: Spec = drawings.FIRST_COLOR,
    transform: Sequence[Spec] = (),
) -> Spec:
    """Bars over the columns `rank`, `label` and `count`, for so many rows; the tooltip shows `columns`."""
    return drawings.chart(
        "ranking",
        height=rows * ROW_HEIGHT,
        transform=list(transform),
        count=count,
        color=color,
        number=f"format(datum.{count}, ',') + (datum.{count} == 1 ? ' {count[:-1]}' : ' {count}')",
        tooltip=drawings.tooltips(columns, {count}),
    )
