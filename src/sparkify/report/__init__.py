"""The report: one HTML file that holds everything it shows and loads nothing from the network.

Every number in it is an answer to a question of `sql/report`, or part of the sentence beside that answer.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files

import vl_convert
from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from sparkify import __version__
from sparkify.engines.answer import Value
from sparkify.engines.engine import Engine
from sparkify.questions import Filter
from sparkify.report import charts, contents, words


def page(
    engine: Engine,
    first_day: date | None,
    last_day: date | None,
    level: str | None,
    now: datetime,
    config_option: str = "",
) -> str:
    """The report on the plays of a period, as HTML, read in the caller's snapshot.

    The period includes both days (UTC); None leaves that end open. Without a level, the reader of the page can switch
    between all listeners, free and paid ones. `now` is UTC where it has no time zone. `config_option` completes the
    command lines in the page, so that they find the same warehouse.

    Raises:
        ConfigError: the first day is after the last.
    """
    now = now.astimezone(UTC).replace(tzinfo=None) if now.tzinfo else now
    filter = Filter(first_day, last_day, level)
    page_contents = contents.read(engine, filter, now)
    script = _script()
    return _template().render(
        chapters=page_contents.chapters,
        levels={level: contents.LEVELS[level] for level in page_contents.levels},
        config_option=config_option,
        period=_period(filter, page_contents.totals),
        warehouse=engine.address,
        made=words.moment(now),
        version=__version__,
        style=Markup(_part("page.css")),
        script=Markup(script),
        script_hash=_hash(script),
        config=contents.compact_json(charts.config()),
    )


def _period(filter: Filter, totals: Mapping[str, Value]) -> str:
    first, last = filter.first_day, filter.last_day
    if first and last:
        return f"{first} to {last} (UTC)"
    if first:
        return f"from {first} on (UTC)"
    if last:
        return f"up to {last} (UTC)"
    if not totals["plays"]:
        return "none yet"
    return f"{totals['first_play'].date()} to {totals['last_play'].date()} (UTC), all there is"


@cache
def _script() -> str:
    """Vega and page.js as one script."""
    script: str = vl_convert.javascript_bundle(_part("page.js"))
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    return environment.from_string(_part("page.html"))


def _part(name: str) -> str:
    return (files(__name__) / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """The hash by which the page's Content-Security-Policy allows this script and no other."""
    return "sha256-" + b64encode(hashlib.sha256(text.encode()).digest()).decode()
