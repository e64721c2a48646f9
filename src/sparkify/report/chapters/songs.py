"""Which songs and artists people play, and which of the songs the catalogue lacks."""

from __future__ import annotations

from sparkify.report import rankings, words
from sparkify.report.answers import AnsweredQuestion, Row
from sparkify.report.drawings import Drawing, Spec
from sparkify.report.figures import Chapter, Figure
from sparkify.report.words import named, short_name

KNOWN, MISSING = "in the catalogue", "not in the catalogue"

COLOR: Spec = {
    "field": "catalogue",
    "type": "nominal",
    "scale": {"domain": [KNOWN, MISSING], "range": ["var(--first)", "var(--missing)"]},
    "title": None,
}
"""A bar is grey where the catalogue has a gap."""


def _songs_sentence(answer: AnsweredQuestion) -> str:
    first = rankings.leader(answer, _song, "song")
    if len(answer.rows) < 2:
        return first
    missing = sum(not row["matched_plays"] for row in answer.records)
    return f"{first} Of these {len(answer.rows)}, {missing or 'none'} {words.are(missing or 1)} {MISSING}."


def _songs_chart(answer: AnsweredQuestion) -> Drawing:
    rows = [
        [rank, _label(row), KNOWN if row["matched_plays"] else MISSING, *row.values()]
        for rank, row in enumerate(answer.records)
    ]
    chart = rankings.bars("plays", ["catalogue", *answer.columns], len(rows), color=COLOR)
    return Drawing(["rank", "label", "catalogue", *answer.columns], rows, [chart])


def _artists_sentence(answer: AnsweredQuestion) -> str:
    return rankings.leader(answer, _artist, "artist")


def _artists_chart(answer: AnsweredQuestion) -> Drawing:
    return rankings.ranking(answer, [short_name(row["artist_name"], "unknown artist") for row in answer.records])


def _label(row: Row) -> str:
    return f"{short_name(row['title'], 'untitled')} – {short_name(row['artist_name'], 'unknown artist')}"


def _song(row: Row) -> str:
    """Plays without a title may be of many songs: their song is not known."""
    title = named(row["title"], "")
    return title and f"“{title}” by {_artist(row) or 'an unknown artist'}"


def _artist(row: Row) -> str:
    return named(row["artist_name"], "")


CHAPTER = Chapter(
    name="what",
    short="What",
    title="What is played",
    lead="Songs and artists as the app names them. What the catalogue lacks is for the catalogue team to act on.",
    figures=(
        Figure("most_played_songs", _songs_sentence, _songs_chart),
        Figure("most_played_artists", _artists_sentence, _artists_chart),
    ),
)
