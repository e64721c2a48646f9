"""A question for several levels of listeners, in one statement.

The first parts of a question of `sql/report`, such as the plays by song and level, do not depend on the level that is
asked for, and the plays are read once for all levels. From the first part on that names `$level`, each level has parts
of its own. An engine may keep the rows of a part with which several questions begin.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from itertools import groupby
from operator import itemgetter
from typing import TypeAlias

from sparkify import questions, sql_queries
from sparkify.engines.answer import Answer, Rows, Value
from sparkify.engines.engine import Engine
from sparkify.questions import Filter, Question

PARAMETER = "level"
"""The parameter that chooses a level."""

PART = re.compile(r"(?:with )?(\w+) as \(\n(.*?)\n\),?\s+", re.DOTALL)
"""A named part of a statement in the layout of `sql/report`, where its last bracket begins a line."""

ORDER = re.compile(r"\norder by (?P<keys>.+?)(?P<limit>\nlimit \$\w+)?$")
"""The order of a statement's rows, and how many it has at most."""

Choose = Callable[[Iterator[tuple[Value, ...]]], Rows]
"""Which rows of an answer are read into memory."""

Kept: TypeAlias = dict[tuple[str, Filter], str]
"""The tables that hold the rows of parts of questions, by the part's SQL and what was chosen; empty: no table does."""


def takes_level(question: Question) -> bool:
    """Whether a question can be asked for a level."""
    return PARAMETER in sql_queries.parameters(question.sql)


def ask(
    engine: Engine,
    question: Question,
    chosen: Filter,
    levels: Iterable[str | None],
    choose: Choose,
    most: int,
    kept: Kept | None = None,
) -> dict[str | None, tuple[Answer, Rows]]:
    """The answer to a question of `sql/report` for each level (None: for all listeners), and the rows that are chosen.

    A question without a limit has at most `most` rows for each level. `kept` names what the snapshot keeps so far;
    without it, nothing is kept.
    """
    names = {level: Filter(level=level).values()[PARAMETER] for level in levels}
    values = chosen.values()
    parts, own = split(question.sql)
    if parts and kept is not None:
        name, text = next(iter(parts.items()))
        if text in common_parts() and (table := _table(engine, name, text, chosen, kept)):
            parts[name] = f"    select * from {table}"
    answer = engine.ask(statement(parts, own, [*names.values()], most), values)
    rows = {name: choose(row[1:] for row in group) for name, group in groupby(answer.rows, itemgetter(0))}
    of_a_level = replace(answer, columns=answer.columns[1:], types=answer.types[1:], rows=iter(()))
    return {level: (of_a_level, rows.get(name, [])) for level, name in names.items()}


def _table(engine: Engine, name: str, sql: str, chosen: Filter, kept: Kept) -> str:
    """The table that holds the rows of a part for what was chosen; empty if the engine keeps none."""
    part = (sql, replace(chosen, level=None, most=None))
    if part not in kept:
        table = f"{name}_{len(kept) + 1}"
        kept[part] = table if engine.keep(table, sql, chosen.values()) else ""
    return kept[part]


def split(sql: str) -> tuple[dict[str, str], str]:
    """The first parts of a question, by name, which do not depend on the level, and the statement that follows them."""
    parts: dict[str, str] = {}
    at = 0
    while (part := PART.match(sql, at)) and PARAMETER not in sql_queries.parameters(part[2]):
        parts[part[1]] = part[2]
        at = part.end()
    return parts, f"with {sql[at:]}" if part and at else sql[at:]


@cache
def common_parts() -> frozenset[str]:
    """The parts with which several questions begin."""
    firsts = Counter(text for question in questions.all_questions() for text in [*split(question.sql)[0].values()][:1])
    return frozenset(text for text, count in firsts.items() if count > 1)


def statement(parts: Mapping[str, str], own: str, levels: Sequence[str], most: int) -> str:
    """A question for some levels. The level is the first column; the rows of each are in the question's order.

    Each level's answer is a subquery, with parts of its own, which read the common ones.
    """
    order = ORDER.search(own)
    limited = own if order and order["limit"] else f"{own}\nlimit {most}"
    answers = [
        f"select\n    cast({sql_queries.literal(level)} as varchar(256)) as asked_level,\n    answer.*\n"
        f"from (\n{_for_level(limited, level)}\n) as answer"
        for level in levels
    ]
    keys = ["asked_level", *([re.sub(r"\b\w+\.", "", order["keys"])] if order else [])]
    common = ",\n\n".join(f"{name} as (\n{text}\n)" for name, text in parts.items())
    of_all_levels = "\nunion all\n".join(answers)
    ordered = f"select *\nfrom (\n{of_all_levels}\n) as answers\norder by {', '.join(keys)}"
    return f"with {common}\n\n{ordered}" if parts else ordered


def _for_level(sql: str, level: str) -> str:
    return sql_queries.with_parameters(
        sql, lambda name: sql_queries.literal(level) if name == PARAMETER else f"${name}"
    )
