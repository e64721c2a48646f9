"""The songs that listeners hear, as the logs print them."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from sparkify.sample.catalogue import Record, artist_name, duration_s, title
from sparkify.sample.lexicon import json_text
from sparkify.sample.month import LONGEST_STEP_S

MOST_HITS = 100_000
"""Songs of the catalogue that listeners choose from, at most: the limit bounds memory."""

OTHER_SONGS = 400_000
"""Songs that listeners choose from and the catalogue lacks."""

OTHER_ENTRIES = 5_000
"""Songs that are invented for these: each of them takes its title from one and its artist from another."""


class Play(NamedTuple):
    """A song as the logs print it: JSON fragments, and the seconds until the next one starts."""

    artist: str
    title: str
    length: str
    step_s: int


NO_SONG = Play("null", "null", "null", 0)
"""What the logs print for a page that plays no song."""


def hit(song: Record) -> Play:
    """A song of the catalogue, played."""
    return _play(song["artist_name"], song["title"], song["duration"])


def _play(artist: object, title: object, duration: object) -> Play:
    """The logs print numbers as text, and text as UTF-8 that was encoded as UTF-8 once more."""
    artist_twice, title_twice = (
        json_text(str(name).encode().decode("latin-1").encode().decode("latin-1")) for name in (artist, title)
    )
    length = repr(duration)
    return Play(artist_twice, title_twice, length, min(int(float(length)), LONGEST_STEP_S))


class Jukebox:
    """Chooses the songs: one play in 18 is of the catalogue, and a few songs make many plays."""

    def __init__(self, rng: Random, hits: Sequence[Play]) -> None:
        """`hits`: the catalogue's songs, the most popular first."""
        self._random = rng.random
        self._hits = hits
        self._hit_share = 0.055 if hits else 0.0
        self._others = [_play(artist_name(rng), title(rng), duration_s(rng)) for _ in range(OTHER_ENTRIES)]
        for index in range(0, OTHER_ENTRIES if hits else 0, 2):  # the catalogue has other songs by these artists
            self._others[index] = self._others[index]._replace(artist=rng.choice(hits).artist)

    def play(self) -> Play:
        """Draw a song; the probability of rank r falls like 1 / (r + 1), or 1 / (r + 20) for songs of no catalogue."""
        share, others = self._hit_share, self._others
        draw = self._random()
        if draw < share:
            rank = int((len(self._hits) + 0.5) ** (draw / share) - 1)
            song = self._hits[rank]
            is_other_recording = self._random() < 0.04
            return song._replace(length=others[rank % 4_999].length) if is_other_recording else song
        rank = int(20 * (OTHER_SONGS / 20) ** ((draw - share) / (1 - share)) - 20)
        # A rank always means one song: the title of one entry, by the artist of another.
        _, title, length, step_s = others[rank % 4_999]
        artist = others[(rank * 2_654_435_761 >> 9) % (40 + rank % 3_001)].artist
        return Play(artist, title, length, step_s)
