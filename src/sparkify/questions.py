"""The analysts' questions that ship with the program, a SQL file each, and what can be set of them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import ClassVar

from sparkify import sql_queries
from sparkify.engines.answer import Answer, Value
from sparkify.engines.engine import Engine
from sparkify.errors import ConfigError

OPTIONS = {"from_time": "--from", "to_time": "--to", "level": "--level", "by": "--by", "most": "--limit"}
"""The option that sets a parameter, by the parameter's name in SQL."""

LEVELS = ("free", "paid")
"""The levels of listeners that a question can be asked for."""

GRAINS = ("day", "week", "month")
"""By what a question counts that has time as its axis, the finest first; weeks begin on Monday."""

MOST = 10
"""Rows of a ranking by default; `--limit` changes it."""


@dataclass(frozen=True)
class Filter:
    """What of the plays a question is about. None leaves nothing out; both days belong to the period (UTC)."""

    first_day: date | None = None
    last_day: date | None = None
    level: str | None = None
    by: str | None = None
    most: int | None = None

    def values(self) -> dict[str, Value]:
        """The value of every parameter.

        Raises:
            ConfigError: the first day is after the last.
        """
        first, last = self.first_day or date.min, self.last_day or date.max
        if first > last:
            raise ConfigError(f"--from {first} is after --to {last}")
        midnight = time()
        return {
            "from_time": datetime.combine(first, midnight),
            "to_time": datetime.max if last == date.max else datetime.combine(last + timedelta(days=1), midnight),
            "level": self.level or "all",
            "by": self.by or GRAINS[0],
            "most": MOST if self.most is None else self.most,
        }

    def options(self) -> dict[str, str]:
        """What was chosen, as it is typed, by the option."""
        chosen = (self.first_day, self.last_day, self.level, self.by, self.most)
        return {option: str(value) for option, value in zip(OPTIONS.values(), chosen, strict=True) if value is not None}


@dataclass(frozen=True)
class Question:
    """A file of `sql/report`: the first line of its header is the question, the rest says what is counted."""

    name: str

    is_shipped: ClassVar[bool] = True
    """Whether it ships with the program."""

    @property
    def header(self) -> list[str]:
        """The comment at the head of the file, line by line."""
        return sql_queries.header_lines("report", self.name)

    @property
    def title(self) -> str:
        """The question in one line."""
        return self.header[0]

    @property
    def note(self) -> str:
        """What is counted, and how."""
        return " ".join(self.header[1:])

    @property
    def sql(self) -> str:
        """The statement, with its parameters as `$name`."""
        [statement] = sql_queries.statements("report", self.name)
        return statement

    @property
    def options(self) -> list[str]:
        """The options that it takes."""
        return options(self.sql)


def all_questions() -> list[Question]:
    """Every question, by name."""
    return [Question(name) for name in sql_queries.names("report")]


def listed(own: Iterable[Question] = ()) -> Answer:
    """Every question, and after those the person's own, as the answer to which there are."""
    rows = ((question.name, question.title) for question in (*all_questions(), *own))
    return Answer(("question", "what it answers"), ("VARCHAR", "VARCHAR"), rows)


def find(name: str, own_names: Iterable[str] = ()) -> Question:
    """The question of a name. If there is none, the message suggests a similar one, which may be the person's own.

    Raises:
        ConfigError: there is none.
    """
    names = sql_queries.names("report")
    if name in names:
        return Question(name)
    close = difflib.get_close_matches(name, [*names, *own_names], n=1)
    fix = f"did you mean {close[0]}?" if close else "`sparkify query` lists them; SQL goes into quotes"
    raise ConfigError(f"{name}: there is no such question; {fix}")


def options(sql: str) -> list[str]:
    """The options that set a parameter of a statement."""
    used = sql_queries.parameters(sql)
    return [option for name, option in OPTIONS.items() if name in used]


def unknown_parameters(sql: str) -> str:
    """Why a statement cannot be asked, if it has parameters that no option sets; empty if it has none."""
    unknown = [f"${name}" for name in sorted(sql_queries.parameters(sql) - OPTIONS.keys())]
    known = ", ".join(f"${name}" for name in OPTIONS)
    return f"nothing gives a value to {', '.join(unknown)}; SQL may use {known}" if unknown else ""


def require_options(sql: str, chosen: Filter) -> None:
    """Make sure that a statement has a parameter for everything that was chosen, and no others.

    Raises:
        ConfigError: it has not.
    """
    if reason := unknown_parameters(sql):
        raise ConfigError(reason)
    known = options(sql)
    if unknown := [option for option in chosen.options() if option not in known]:
        names = {option: f"${name}" for name, option in OPTIONS.items()}
        fix = f"it takes {', '.join(known)}" if known else "it takes none"
        raise ConfigError(
            f"{', '.join(unknown)}: this question has no such option, {fix} (SQL of your own takes it as "
            f"{', '.join(names[option] for option in unknown)})"
        )


def ask(engine: Engine, question: Question, chosen: Filter) -> Answer:
    """The answer to a question, inside the caller's snapshot."""
    return engine.ask(question.sql, chosen.values())
