"""Which songs and artists people play, and which songs the catalogue lacks."""

from __future__ import annotations

from sparkify.report import rankings
from sparkify.report.answers import AnsweredQuestion, Row
from sparkify.report.charts import Drawing
from sparkify.report.figures import Chapter, Figure
from sparkify.report.words import isolated, named, short_name


def _songs_sentence(answer: AnsweredQuestion) -> str:
    return rankings.leader(answer, _song, "song")


def _songs_chart(answer: AnsweredQuestion) -> Drawing:
    labels = [
        f"{short_name(row['title'], 'untitled')} – {short_name(row['artist_name'], 'unknown artist')}"
        for row in answer.records
    ]
    return rankings.ranking(answer, labels)


def _artists_sentence(answer: AnsweredQuestion) -> str:
    return rankings.leader(answer, _artist, "artist")


def _artists_chart(answer: AnsweredQuestion) -> Drawing:
    return rankings.ranking(answer, [short_name(row["artist_name"], "unknown artist") for row in answer.records])


def _missing_songs_sentence(answer: AnsweredQuestion) -> str:
    if not answer.rows and answer.context.plays:
        return "None: every play here is of a song in the catalogue."
    return rankings.leader(answer, _song, "song", leads="is missed most", lead="are missed most")


def _song(row: Row) -> str:
    title = "an untitled song" if row["title"] is None else f"“{isolated(row['title'])}”"
    return f"{title} by {_artist(row)}"


def _artist(row: Row) -> str:
    return named(row["artist_name"], "an unknown artist")


CHAPTER = Chapter(
    name="what",
    short="What",
    title="What is played",
    lead="Songs and artists as the app names them. What the catalogue lacks is for the catalogue team to act on.",
    figures=(
        Figure("most_played_songs", _songs_sentence, _songs_chart),
        Figure("most_played_artists", _artists_sentence, _artists_chart),
        Figure("missing_songs", _missing_songs_sentence, _songs_chart),
    ),
)
