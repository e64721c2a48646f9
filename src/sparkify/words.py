"""Numbers, sizes and long texts as people read them."""

from __future__ import annotations


def cut(text: str, length: int) -> str:
    """The beginning of a text that is longer than `length` characters, with `…` at its end."""
    return text if len(text) <= length else f"{text[: length - 1]}…"


def counted(count: int, one: str, many: str = "") -> str:
    """A number with what it counts: `1 play`, `37 plays`."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def songs_gone_in_words(count: int) -> str:
    """How many song objects have left the bucket, and what that means."""
    verb, whose = ("is", "its") if count == 1 else ("are", "their")
    return f"{counted(count, 'loaded song object')} {verb} no longer in the bucket; {whose} songs stay in the catalogue"


def forgotten_events_in_words(count: int) -> str:
    """How many events a load left out, and why."""
    return f"{counted(count, 'event')} of forgotten users left out"


def size_in_words(count: float) -> str:
    """A number of bytes, with its unit."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            break
        count /= 1000
    return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
