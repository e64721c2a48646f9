"""The song catalogue: songs and their artists, with the quirks of the real ones."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import TypeAlias

from sparkify.sample.lexicon import LEXICON, mistyped, phrase

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

RECENT_ARTISTS = 20_000
"""Artists to whom a further song may belong: the limit bounds memory."""

Record: TypeAlias = dict[str, str | int | float | None]
"""The object in a song file, or the artist's part of one."""


def songs(rng: Random, count: int) -> Iterator[Record]:
    """Two songs in three bring a new artist; one in 900 is the song before it, delivered again."""
    recent: list[Record] = []
    song: Record = {}
    artists = 0
    for number in range(count):
        if song and rng.random() < 1 / 900:
            song = song if rng.random() < 0.5 else song | {"year": 0 if song["year"] else 1999}
        elif not recent or rng.random() < 0.64:
            artist = _artist(rng, artists)
            recent[artists % RECENT_ARTISTS : artists % RECENT_ARTISTS + 1] = [artist]
            artists += 1
            song = _song(rng, number, artist, is_first=True)
        else:
            song = _song(rng, number, rng.choice(recent), is_first=False)
        yield song


def title(rng: Random) -> str | int | float:
    """The title of a song; some are numbers in the files."""
    draw = rng.random()
    if draw < 1 / 700:
        return rng.choice((rng.randint(1, 2999), rng.randint(1900, 2010), rng.randint(11, 99) / 10))
    if draw < 1 / 200:
        return rng.choice(LEXICON["rare"])
    text = phrase(rng, LEXICON["title"])
    if draw > 0.88:
        text += " " + phrase(rng, LEXICON["title end"])
    # The catalogue spells a comma in a title as an underscore.
    return mistyped(rng, text.replace(",", "_"), 1 / 160)


def artist_name(rng: Random) -> str | int:
    """The name of an artist; some are numbers in the files."""
    draw = rng.random()
    if draw < 1 / 700:
        return rng.randint(100, 3999)
    if draw < 1 / 300:
        return rng.choice(LEXICON["rare"])
    return mistyped(rng, phrase(rng, LEXICON["artist"]), 1 / 200)


def duration_s(rng: Random) -> float:
    """The duration of a song in seconds."""
    return round(min(2_700.0, max(5.0, rng.lognormvariate(5.44, rng.choice((0.3, 0.3, 0.7))))), 5)


def code(rng: Random, prefix: str, letters: int, suffix: str) -> str:
    """An identifier like those of songs, artists and tracks, with some random letters in its middle."""
    return prefix + "".join(rng.choices(LETTERS, k=letters)) + suffix


def _artist(rng: Random, number: int) -> Record:
    is_located = rng.random() < 0.36
    return {
        "artist_id": code(rng, "AR", 5, f"1187B{number * 7_368_787 % 2**24:06X}"),
        "artist_latitude": round(rng.uniform(-45, 65), 5) if is_located else None,
        "artist_location": _location(rng),
        "artist_longitude": round(rng.uniform(-150, 150), 5) if is_located else None,
        "artist_name": artist_name(rng),
    }


def _location(rng: Random) -> str | int:
    """Where an artist lives: a place, an HTML link, a number, blanks or nothing."""
    draw = rng.random()
    if draw > 0.4524:
        return mistyped(rng, rng.choice(LEXICON["location"]), 1 / 150)
    if draw > 0.4519:
        link = f"http://{rng.choice(LEXICON['part'])}{rng.getrandbits(24)}.example/"
        script = f'UntrustedLink.bootstrap($(this), "{rng.getrandbits(128):032x}", event)'
        attributes = f'href="{link}" onmousedown=\'{script}\' target="_blank" rel="nofollow"'
        return f"<a {attributes}>{link}</a>" * rng.randint(1, 2)
    if draw > 0.4505:
        return rng.randint(20, 999)
    return " " * rng.randint(1, 3) if draw > 0.45 else ""


def _song(rng: Random, number: int, artist: Record, is_first: bool) -> Record:
    """A song of the artist; a later one may credit a guest, or lack the artist's location."""
    record = dict(artist)
    if not is_first and rng.random() < 0.08:
        credit = rng.choice(("feat.", "featuring", "&"))
        record["artist_name"] = f"{artist['artist_name']} {credit} {artist_name(rng)}"
    if not is_first and rng.random() < 1 / 60:
        record |= {"artist_latitude": None, "artist_location": "", "artist_longitude": None}
    return record | {
        "duration": duration_s(rng),
        "num_songs": 1,
        "song_id": code(rng, "SO", 5, f"12A{number * 2_654_435_761 % 2**32:08X}"),
        "title": title(rng),
        "year": 0 if rng.random() < 0.32 else max(1922, 2010 - int(rng.expovariate(0.11))),
    }
