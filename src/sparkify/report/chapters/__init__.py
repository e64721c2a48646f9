"""The chapters of the report, in the order of the page. A chapter's module holds all there is to its figures."""

from __future__ import annotations

from sparkify.report.chapters import overview, places, songs, times, trust, user_agents, users

CHAPTERS = (
    overview.CHAPTER,
    songs.CHAPTER,
    times.CHAPTER,
    users.CHAPTER,
    places.CHAPTER,
    user_agents.CHAPTER,
    trust.CHAPTER,
)
