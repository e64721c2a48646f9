"""The steps from staged rows to the star schema, once and in order, and the sums that must close."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from sparkify import sql_queries
from sparkify.engines.engine import Engine
from sparkify.errors import CheckError
from sparkify.extent import Extent


@dataclass(frozen=True)
class Step:
    """A file of `sql/transform`, which is run when one of `needs` is not empty, and `also` is not empty either.

    Both name what the batch holds, what was there before the merge, or earlier steps, which are empty if they wrote no
    row.
    """

    name: str
    needs: tuple[str, ...]
    also: str = ""

    def statements(self) -> tuple[str, ...]:
        """The statements of the file; the last one writes or counts the rows that the step is known by.

        Of a table that it makes of these rows, Redshift does not tell how many they are: a step is counted where others
        would cost much in vain.
        """
        return sql_queries.statements("transform", self.name)


STEPS = (
    Step("replaced_songs", ("objects of songs",), also="objects loaded before"),
    Step("catalogue", ("staged songs",)),
    Step("changed_songs", ("staged songs",)),
    Step("outdated_songs", ("replaced_songs", "changed_songs"), also="songs before"),
    Step("songs", ("replaced_songs", "changed_songs")),
    Step("outdated_artists", ("replaced_songs", "changed_songs"), also="artists before"),
    Step("artists", ("replaced_songs", "changed_songs")),
    Step("changed_match_keys", ("replaced_songs", "changed_songs"), also="plays before"),
    Step("song_matches", ("changed_match_keys", "staged plays")),
    Step("rematched_plays", ("changed_match_keys",)),
    Step("duplicate_times", ("staged events",)),
    Step("duplicate_plays", ("duplicate_times",)),
    Step("superseded_plays", ("duplicate_plays",), also="plays in extent"),
    Step("matched_before", ("rematched_plays", "superseded_plays")),
    Step("songplays", ("staged plays",)),
    Step("duplicate_page_views", ("duplicate_times",)),
    Step("superseded_page_views", ("duplicate_page_views",), also="page views in extent"),
    Step("page_views", ("staged page views",)),
    Step("latest_users", ("staged events",)),
    Step("outdated_users", ("latest_users",), also="users before"),
    Step("users", ("latest_users",)),
    Step("time", ("staged plays",)),
)


@dataclass(frozen=True)
class Sum:
    """A number of rows that must be the sum of others, or something was lost in silence."""

    total: str
    parts: tuple[str, ...]


SUMS = (
    Sum("good events", ("staged events", "events of forgotten users")),
    Sum("good songs", ("staged songs",)),
    Sum("staged events", ("staged plays", "staged page views")),
    Sum("staged plays", ("songplays", "known_plays")),
    Sum("staged page views", ("page_views", "known_page_views")),
)
"""The good records of the batch are what was staged, and events that were left out because their users were forgotten;
each event is a play or a page view, and each of these is inserted into its fact, or known already."""


def queries() -> list[str]:
    """The statements of all steps, in order."""
    return [statement for step in STEPS for statement in step.statements()]


def merge(engine: Engine, rows: Counter[str], extent: Extent) -> None:
    """Run the steps that are needed, and add to `rows` how many rows each wrote, by its name."""
    for step in STEPS:
        if any(rows[need] for need in step.needs) and (not step.also or rows[step.also]):
            rows[step.name] = _run(engine, step, extent)


def _run(engine: Engine, step: Step, extent: Extent) -> int:
    """Run the statements of a step; how many rows the last one wrote or counted."""
    *before, last = step.statements()
    for statement in before:
        extent.execute(engine, statement)
    if last.startswith("select"):
        [(count,)] = extent.query(engine, last)
        return int(count)
    return extent.execute(engine, last)


def require_closed_sums(rows: Mapping[str, int]) -> None:
    """Make sure that nothing was lost.

    Raises:
        CheckError: a sum does not close.
    """
    for each in SUMS:
        if rows[each.total] != sum(rows[part] for part in each.parts):
            parts = " + ".join(f"{rows[part]:,} {part}" for part in each.parts)
            raise CheckError(f"the rows do not add up: {rows[each.total]:,} {each.total}, but {parts}")
