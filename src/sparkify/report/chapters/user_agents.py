"""With which browsers and systems people listen."""

from __future__ import annotations

from collections import Counter
from functools import cache, lru_cache

import ua_parser
from ua_parser import Domain, Parser

from sparkify.engines.answer import Value
from sparkify.report import rankings, words
from sparkify.report.answers import MOST_ROWS, AnsweredQuestion
from sparkify.report.drawings import Drawing
from sparkify.report.figures import Chapter, Figure
from sparkify.words import counted

FAMILIES = Domain.USER_AGENT | Domain.OS
"""What of a user agent is parsed."""

UNKNOWN = "unknown"
"""The family of a user agent that is null or that ua-parser does not recognise."""

MOST_FAMILIES = 8
"""Browsers or systems that get a bar each; the others share one more."""


@lru_cache(maxsize=3 * MOST_ROWS)
def browser_and_system(user_agent: str | None) -> tuple[str, str]:
    """The families of browser and system of a user agent; the logs write some user agents in quotes.

    The answers of a report for all its levels share most of their user agents: each is parsed once.
    """
    if not user_agent:
        return UNKNOWN, UNKNOWN
    parsed = _parser()(user_agent.strip('"'), FAMILIES)
    browser = parsed.user_agent.family if parsed.user_agent else UNKNOWN
    return browser, parsed.os.family if parsed.os else UNKNOWN


@cache
def _parser() -> Parser:
    """A parser without the patterns of devices, which take longer to compile than those of browsers and systems."""
    browsers, systems, _ = ua_parser.load_lazy_builtins()
    return Parser.from_matchers((browsers, systems, []))


def _plays_by_family(answer: AnsweredQuestion) -> tuple[Counter[str], Counter[str]]:
    """The plays of each browser, and of each system."""
    browsers: Counter[str] = Counter()
    systems: Counter[str] = Counter()
    for row in answer.records:
        browser, system = browser_and_system(row["user_agent"])
        browsers[browser] += row["plays"]
        systems[system] += row["plays"]
    return browsers, systems


def _families_sentence(answer: AnsweredQuestion) -> str:
    if not answer.rows:
        return answer.context.no_plays
    browsers, systems = _plays_by_family(answer)
    return f"Among browsers, {_leader(browsers)}; among systems, {_leader(systems)}."


def _leader(plays: Counter[str]) -> str:
    """Which of the known families has the most plays; the plays of unknown ones, where they are as many or more."""
    most = max((count for name, count in plays.items() if name != UNKNOWN), default=0)
    if not most:
        return "none is known"
    unknown = plays[UNKNOWN]
    others = f", while that of {counted(unknown, 'play')} ({words.share(unknown, plays.total())}) is not known"
    return f"{_first_place(plays, most)}{others if unknown >= most else ''}"


def _first_place(plays: Counter[str], most: int) -> str:
    leaders = sorted(words.isolated(name) for name, count in plays.items() if count == most and name != UNKNOWN)
    if most < words.FEWEST:
        return f"none has more than {counted(most, 'play')}"
    share = f"{counted(most, 'play')}{' each' if len(leaders) > 1 else ''} ({words.share(most, plays.total())})"
    if len(leaders) > words.LONGEST_LIST:
        return f"{len(leaders)} lead with {share}"
    return f"{words.listing(leaders)} {'leads' if len(leaders) == 1 else 'lead'} with {share}"


def _families_charts(answer: AnsweredQuestion) -> Drawing:
    browsers, systems = _plays_by_family(answer)
    rows = [*_bar_rows("browser", browsers), *_bar_rows("system", systems)]
    specs = []
    for kind in ("browser", "system"):
        of_kind = [{"filter": f"datum.kind == '{kind}'"}]
        specs.append(rankings.bars("plays", ["name", "plays"], sum(row[0] == kind for row in rows), transform=of_kind))
    return Drawing(["kind", "rank", "label", "name", "plays"], rows, specs, ["Browsers", "Systems"])


def _bar_rows(kind: str, plays: Counter[str]) -> list[list[Value]]:
    ranked = sorted(plays.items(), key=lambda item: (-item[1], item[0]))
    shown, others = ranked[:MOST_FAMILIES], ranked[MOST_FAMILIES:]
    if others:
        shown.append((counted(len(others), "other"), sum(count for _, count in others)))
    return [[kind, rank, words.short_name(name), name, count] for rank, (name, count) in enumerate(shown)]


CHAPTER = Chapter(
    name="how",
    short="How",
    title="How people listen",
    lead="Browsers and systems are recognised from the user agents (ua-parser); their plays are summed here.",
    figures=(Figure("plays_by_user_agent", _families_sentence, _families_charts, is_wide=True),),
)
