"""The rule by which every text enters the star clean, and the texts of a batch that it changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sparkify import sql_queries
from sparkify.engines.engine import Engine


def clean(text: str) -> str:
    """The text as its author wrote it.

    UTF-8 that was read as Latin-1 and encoded again is read once: all its characters are below U+0100, and as bytes
    they are UTF-8. That is repeated while it changes something. Then blanks (U+0020) at the end go.
    """
    while not text.isascii():
        try:
            text = text.encode("latin-1").decode()
        except UnicodeError:
            break
    return text.rstrip(" ")


@dataclass(frozen=True)
class OddText:
    """A text of a column of the staging tables that may have to be cleaned."""

    column: str
    delivered: str
    cleaned: str


def odd_texts(engine: Engine) -> list[OddText]:
    """The texts of the batch in hand that may have to be cleaned, or are empty keys."""
    [statement] = sql_queries.statements_for(engine.name, "clean", "odd_texts")
    return [OddText(column, text, clean(text)) for column, text in engine.query(statement)]


def repair(engine: Engine, texts: Iterable[OddText]) -> int:
    """Prepare what `delivered_events` and the step `catalogue` need to read the staging tables with clean texts.

    The staging tables keep what was delivered. SQL takes blanks off by itself; a text that was encoded twice is
    repaired here, once, and joined. Returns how many distinct texts of the columns are not clean.
    """
    odd = [text for text in texts if text.cleaned != text.delivered]
    repaired = {
        (text.column, text.delivered.rstrip(" ")): text.cleaned
        for text in odd
        if text.cleaned != text.delivered.rstrip(" ")
    }
    if repaired:
        engine.insert("repaired_texts", [(*key, cleaned) for key, cleaned in repaired.items()])
        for statement in sql_queries.statements_for(engine.name, "clean", "repaired_events"):
            engine.execute(statement)
    return len(odd)
