"""The report: one HTML file that holds everything it shows and loads nothing from the network.

Every number in it is an answer to a question of `sql/report`, or part of the sentence beside that answer. `vega.js` is
Vega, Vega-Lite and Vega-Embed as one script; `make vega` writes it.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from sparkify import __version__
from sparkify.engines.engine import Engine
from sparkify.progress import Progress
from sparkify.questions import Filter, Question
from sparkify.report import brief, contents, drawings, embedded, words
from sparkify.report.answers import ReportContext


def context(engine: Engine, filter: Filter, now: datetime, *, has_names: bool = True) -> ReportContext:
    """What a report is about: the plays that a filter chooses, read in the caller's snapshot.

    The period includes both days (UTC); None leaves that end open. Without a level, the reader of the page can switch
    between all listeners, free and paid ones. Without `by`, the period's length decides about days, weeks or months.
    `now` is UTC where it has no time zone. Without `has_names`, the page names no listener.

    Raises:
        ConfigError: the first day is after the last.
    """
    now = now.astimezone(UTC).replace(tzinfo=None) if now.tzinfo else now
    return ReportContext.read(engine, filter, now, has_names)


def page(engine: Engine, context: ReportContext, progress: Progress, own: Sequence[Question] = ()) -> str:
    """The report as HTML, read in the snapshot of its context. `own` are questions of a team's own.

    Raises:
        StatementError: the warehouse does not take a question of a team's own.
    """
    with progress.phase("answer the questions of the report", contents.steps(own)) as answered:
        chapters = contents.chapters(engine, context, own, answered)
    scripts = [_part("vega.js"), _part("page.js")]
    return _template().render(
        chapters=chapters,
        levels=contents.levels_shown(context.filter),
        period=_period(context),
        days=context.days,
        made=words.moment(context.now),
        version=__version__,
        style=Markup(_part("page.css")),
        scripts=[Markup(script) for script in scripts],
        script_hashes=" ".join(f"'{_hash(script)}'" for script in scripts),
        config=embedded.compact_json(drawings.config()),
        line_size=(brief.WIDTH, brief.HEIGHT),
    )


def _period(context: ReportContext) -> str:
    first, last = context.filter.first_day, context.filter.last_day
    if first and last:
        return f"{first} to {last} (UTC)"
    if first:
        return f"from {first} on (UTC)"
    if last:
        return f"up to {last} (UTC)"
    if not context.days:
        return "none yet"
    return f"{context.days[0]} to {context.days[1]} (UTC), all there is"


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    return environment.from_string(_part("page.html"))


def _part(name: str) -> str:
    return (files(__name__) / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """The hash by which the page's Content-Security-Policy allows this script and no other."""
    return "sha256-" + b64encode(hashlib.sha256(text.encode()).digest()).decode()
