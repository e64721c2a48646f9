"""The pages of the app, and the events that users leave on them, session by session."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterator, Sequence
from heapq import heappop, heappush, heapreplace
from itertools import accumulate
from math import inf
from random import Random
from typing import TypeAlias

from sparkify.sample.month import session_starts
from sparkify.sample.plays import NO_SONG, Jukebox, Play
from sparkify.sample.users import NOBODY, User, users

PLAYING = {"NextSong": 942, "Home": 22, "Logout": 13, "Offer": 9, "Settings": 5, "Help": 5}
PAGES: dict[str, tuple[str, int, dict[str, int]]] = {
    "": ("", 0, {"NextSong": 540, "Home": 370, "-Home": 57, "-Login": 27, "About": 3, "Help": 3}),
    "NextSong": ("PUT", 200, PLAYING | {"About": 2, "Error": 2}),
    "Home": ("GET", 200, {"NextSong": 90, "Settings": 4, "Logout": 2, "Offer": 3, "Home": 1}),
    "Logout": ("PUT", 307, {"-Home": 1}),
    "-Home": ("GET", 200, {"-Login": 58, "-Home": 24, "-About": 12, "-Help": 6}),
    "-Login": ("PUT", 307, {"Home": 1}),
    "-About": ("GET", 200, {"-Login": 4, "-Home": 2, "-About": 1}),
    "-Help": ("GET", 200, {"-Login": 2, "-Help": 3}),
    "Upgrade": ("GET", 200, {"Submit Upgrade": 45, "NextSong": 20, "Home": 25, "Upgrade": 10}),
    "Downgrade": ("GET", 200, {"NextSong": 60, "Home": 25, "Downgrade": 4, "Submit Downgrade": 16}),
    "Submit Upgrade": ("PUT", 307, {"Home": 1}),
    "Submit Downgrade": ("PUT", 307, {"Home": 1}),
    "Settings": ("GET", 200, {"NextSong": 60, "Save Settings": 20, "Settings": 8, "Home": 12}),
    "Save Settings": ("PUT", 307, {"Home": 1}),
    "Help": ("GET", 200, {"NextSong": 85, "Home": 10, "Offer": 5}),
    "About": ("GET", 200, {"NextSong": 1, "Home": 1, "About": 1}),
    "Error": ("GET", 404, {"NextSong": 2, "Home": 1}),
}
"""The method and the status of each page, and how often each page follows it, against the others.

"" begins a session; `-` marks a visitor who is logged out; `Offer` is Upgrade for free users, and Downgrade for paying
ones.
"""

Event: TypeAlias = tuple[int, int, str]
"""Milliseconds since 1970, the number of the session, and the line of the log."""

OpenSession: TypeAlias = tuple[int, int, str, Iterator[Event]]
"""The next event of a session, and those after it."""


class Page:
    """A page of the app: the parts that it gives a log line, and what may follow it."""

    def __init__(self, name: str) -> None:
        """`name`: a key of PAGES."""
        method, status, following = PAGES[name]
        self.method = f'"{method}","page":"{name.removeprefix("-")}"'
        self.status = str(status)
        self.is_play = name == "NextSong"
        self.is_logged_out = name.startswith("-")
        self.new_level = {"Submit Upgrade": "paid", "Submit Downgrade": "free"}.get(name)
        self.following = list(following)
        *self.bounds, self.total = accumulate(following.values())


class App:
    """Sparkify in November 2018: its users, its pages, and the events that they leave."""

    def __init__(self, rng: Random, events: int, hits: Sequence[Play]) -> None:
        """`events`: how many the month has; `hits`: the catalogue's songs."""
        self._rng, self._count = rng, events
        self._jukebox = Jukebox(rng, hits)
        self._pages = {name: Page(name) for name in PAGES}
        self._users, self._activity = users(rng, max(3, round(97 * (events / 8_056) ** 0.83)))

    def events(self) -> Iterator[Event]:
        """All events, `ts` ascending, of sessions that overlap."""
        open_sessions: list[OpenSession] = []
        for number, (start_s, length) in enumerate(session_starts(self._rng, self._count), 1):
            yield from _until(open_sessions, start_s * 1000)
            session = self._session(number, start_s * 1000 + self._rng.randint(1, 999), length)
            heappush(open_sessions, (*next(session), session))
        yield from _until(open_sessions, inf)

    def _idle_user(self) -> User:
        """A user, who is idle unless nearly everyone is listening."""
        for _ in range(9):
            user = self._rng.choices(self._users, cum_weights=self._activity)[0]
            if not user.is_listening:
                break
        return user

    def _session(self, number: int, ts: int, length: int) -> Iterator[Event]:
        """A session of `length` events, the first at `ts` (milliseconds since 1970)."""
        user, random = self._idle_user(), self._rng.random
        user.is_listening = True
        page = self._follow(self._pages[""], user)
        for item in range(length):
            who = NOBODY if page.is_logged_out else user
            song = self._jukebox.play() if page.is_play else NO_SONG
            line = (
                f'{{"artist":{song.artist}{who.head}{item}{who.name}{song.length},"level":'
                f'"{user.level}"{who.location}{page.method}{who.account}{number},"song":{song.title},'
                f'"status":{page.status},"ts":{ts}{who.tail}'
            )
            yield ts, number, line
            user.level = page.new_level or user.level
            page_before, page = page, self._follow(page, user)
            if not page_before.is_play:
                ts += 1000 * int(260 * random() ** 1.5)
            elif page.is_play:
                ts += 1000 * song.step_s if random() > 1 / 800 else 0
            else:
                ts += 1000 * int(song.step_s * random())
        user.is_listening = False

    def _follow(self, page: Page, user: User) -> Page:
        name = page.following[bisect(page.bounds, self._rng.random() * page.total)]
        if name == "Offer":
            name = "Upgrade" if user.level == "free" else "Downgrade"
        return self._pages[name]


def _until(open_sessions: list[OpenSession], end_ms: float) -> Iterator[Event]:
    """The events before `end_ms` of the open sessions, a heap that loses those that end."""
    while open_sessions and open_sessions[0][0] < end_ms:
        ts, number, line, session = open_sessions[0]
        yield ts, number, line
        event = next(session, None)
        if event:
            heapreplace(open_sessions, (*event, session))
        else:
            heappop(open_sessions)
