"""The report: one HTML file that holds everything it shows and asks the network for nothing.

Every number in it is the answer of a question of `sql/report`, or stands in a sentence beside that answer.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from datetime import UTC, date, datetime
from functools import cache
from importlib.resources import files

import vl_convert
from jinja2 import Environment, StrictUndefined, Template
from markupsafe import Markup

from sparkify import __version__
from sparkify.engines.engine import Engine
from sparkify.questions import Filter
from sparkify.report import charts, contents, words
from sparkify.report.contents import Contents


def page(
    engine: Engine,
    first_day: date | None,
    last_day: date | None,
    level: str | None,
    now: datetime,
    config_option: str = "",
) -> str:
    """The report on the plays of a period, as HTML, inside the caller's snapshot.

    Both days belong to the period (UTC); None leaves nothing out. Without a level the reader can switch between all
    listeners, free and paid ones. `now` is UTC when it names no time zone. `config_option` is what the command lines in
    the page need to find the warehouse.

    Raises:
        ConfigError: the first day is after the last.
    """
    now = now.astimezone(UTC).replace(tzinfo=None) if now.tzinfo else now
    chosen = Filter(first_day, last_day, level)
    found = contents.gather(engine, chosen, now)
    script = _script()
    return _template().render(
        chapters=found.chapters,
        levels={level: contents.LEVELS[level] for level in found.levels},
        config_option=config_option,
        period=_period(chosen, found),
        place=engine.place,
        made=words.moment(now),
        version=__version__,
        style=Markup(_part("page.css")),
        script=Markup(script),
        script_hash=_hash(script),
        config=contents.compact_json(charts.config()),
    )


def _period(chosen: Filter, found: Contents) -> str:
    first, last = chosen.first_day, chosen.last_day
    if first and last:
        return f"{first} to {last} (UTC)"
    if first:
        return f"from {first} on (UTC)"
    if last:
        return f"up to {last} (UTC)"
    if not found.totals["plays"]:
        return "none yet"
    return f"{found.totals['first_play'].date()} to {found.totals['last_play'].date()} (UTC), all there is"


@cache
def _script() -> str:
    """Vega with what draws the charts, as one script."""
    script: str = vl_convert.javascript_bundle(_part("page.js"))
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")


@cache
def _template() -> Template:
    environment = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined)
    return environment.from_string(_part("page.html"))


def _part(name: str) -> str:
    return (files(__name__) / name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """By which the page's own rules (CSP) let this script run, and no other."""
    return "sha256-" + b64encode(hashlib.sha256(text.encode()).digest()).decode()
