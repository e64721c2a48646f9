"""The report as a test reads it, and plays that are hard to show."""

import json
import zlib
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Self

from harness.records import event, lines, song
from harness.rows import Row
from harness.warehouse import Sparkify

DAY = 86_400_000
FIRST_DAY = 1_541_030_400_000
"""2018-11-01, midnight UTC, a Thursday."""

SCRIPT = "</script><script>alert(1)</script><img src=x onerror=alert(1)>{{ 7 * 7 }}"
LONG = "A very long title " + "without an end " * 17 + "and its end is here: omega"
ONE_WORD = "Donaudampfschiff" * 19
ARABIC = ("أنا لحبيبي", "فيروز")
EMOJI = "👨‍👩‍👧‍👦" + "🎉" * 90
OVERRIDE = "left \u202eto right"
TITLES = ((SCRIPT, "</title>"), (LONG, "Long"), (ONE_WORD, "Word"), ARABIC, (EMOJI, "🎸"), (OVERRIDE, "Bidi"))

AGENTS = (
    '"Mozilla/5.0 (Windows NT 6.1; WOW64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/36.0.1985.125 Safari/537.36"',
    '"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_9_4) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/36.0 Safari/537.36"',
    "Mozilla/5.0 (Windows NT 5.1; rv:31.0) Gecko/20100101 Firefox/31.0",
)


def hard_plays() -> list[Mapping[str, Any]]:
    """Plays over five weeks with a gap, of free and paid listeners, of every hard title; the last one is logged out."""
    plays = []
    for n in range(120):
        title, artist = TITLES[n // 3 % len(TITLES)] if n % 3 else ("Hello", "Adele")
        plays.append(
            event(
                song=title,
                artist=artist,
                userId=str(n % 7),
                level="paid" if (n % 7) * 10 < n else "free",
                sessionId=n // 4,
                itemInSession=n % 4,
                ts=FIRST_DAY + (n if n < 60 else n + 60) * DAY // 5 + n * 600_000,
                userAgent=AGENTS[n % len(AGENTS)],
                location="New York-Newark-Jersey City, NY-NJ-PA" if n % 2 else "Winston-Salem, NC",
            )
        )
    nobody = dict.fromkeys(("firstName", "lastName", "gender", "location", "userAgent", "registration"))
    return [*plays, event(userId="", sessionId=999, ts=FIRST_DAY + 36 * DAY, auth="Logged Out", **nobody)]


def fill(sparkify: Sparkify, plays: Sequence[Mapping[str, Any]]) -> None:
    """Load plays, and the one song that the catalogue has."""
    sparkify.put("song_data/A/hello.json", json.dumps(song()))
    if plays:
        sparkify.put("log_data/2018/11/events.json", lines(plays))
    sparkify.loaded()


@dataclass
class Variant:
    """A figure for the listeners of a level: its sentence, its table, its code, and the data for its CSV and charts."""

    finding: str = ""
    head: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    data: str = ""

    @property
    def answer(self) -> Any:
        """The columns and the exact rows of the answer, from which the page makes CSV, and the charts' `specs`."""
        return json.loads(zlib.decompress(b64decode(self.data)))

    @property
    def chart(self) -> Any:
        """The columns and rows that the charts show."""
        return self.answer.get("drawn") or self.answer

    @property
    def numbers(self) -> list[Row]:
        return [tuple(map(_as_number, row)) for row in self.rows]


class Page(HTMLParser):
    """The figures of a report by question and level, and the addresses in the page."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.title = ""
        self.text = ""
        self.headings: list[int] = []
        self.addresses: list[str] = []
        self.scripts = 0
        self.figures: dict[str, dict[str, Variant]] = {}
        self._path: list[tuple[str, dict[str, str]]] = []
        self._figure: dict[str, Variant] = {}
        self._variant = Variant()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        self.addresses += [given[name] for name in ("src", "href", "action", "srcset") if name in given]
        if tag in ("meta", "link", "input", "br"):
            return
        self._path.append((tag, given))
        if tag == "article":
            self._figure = self.figures.setdefault(given["id"], {})
        elif "data-level" in given:
            self._variant = self._figure.setdefault(given["data-level"], Variant())
        elif tag == "tr" and self._is_in("tbody"):
            self._variant.rows.append([])
        elif tag in ("th", "td"):
            cells = self._variant.rows[-1] if self._is_in("tbody") else self._variant.head
            cells.append("")
        elif tag == "code":
            self._variant.codes.append("")
        elif tag in ("h1", "h2", "h3", "h4"):
            self.headings.append(int(tag[1]))
        self.scripts += tag == "script"

    def handle_endtag(self, tag: str) -> None:
        assert self._path.pop()[0] == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        tag, given = self._path[-1] if self._path else ("", {})
        if tag not in ("script", "style"):
            self.text += data
        if tag == "title":
            self.title += data
        elif given.get("class") == "finding":
            self._variant.finding += data
        elif given.get("class") == "data":
            self._variant.data += data
        elif tag == "code":
            self._variant.codes[-1] += data
        elif self._is_in("tbody") and self._is_in("th", "td"):
            self._variant.rows[-1][-1] += data
        elif self._is_in("thead") and tag == "th":
            self._variant.head[-1] += data

    def _is_in(self, *tags: str) -> bool:
        return any(tag in tags for tag, _ in self._path)


@dataclass(frozen=True)
class Report:
    """A report that the command wrote, and the warehouse that it is about."""

    sparkify: Sparkify
    path: Path

    @classmethod
    def made(cls, sparkify: Sparkify, *options: str) -> Self:
        """The report with some options, in a file of its own."""
        path = sparkify.folder / f"report{''.join(options)}.html"
        done = sparkify.command("report", "--output", str(path), *options)
        assert done.exit_code == 0, done.err
        return cls(sparkify, path)

    @cached_property
    def html(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def page(self) -> Page:
        page = Page()
        page.feed(self.html)
        page.close()
        return page


def _as_number(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text.replace(",", ""))
        except ValueError:
            continue
    return None if text == "–" else text


ReportOn = Callable[[str], Report]
"""Gives the report on plays by their name; no test changes its warehouse."""
