"""What a batch finds in the warehouse, and what it changes there, in numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sparkify import history
from sparkify.engines.engine import Engine
from sparkify.engines.staged import Staged
from sparkify.extent import Extent
from sparkify.plan import Batch


@dataclass(frozen=True)
class BeforeMerge:
    """What the warehouse held when the merge of a batch began, under the lock.

    `numbers` says how many there were of what, as the steps of the transform name it: "in extent" what lies within the
    times of the batch, "objects loaded before" what of the history its objects replace. `matched` says how many of them
    are plays that are matched to a song.
    """

    numbers: Mapping[str, int]
    matched: Mapping[str, int]

    @property
    def batches(self) -> int:
        """How many batches all runs had committed."""
        return self.numbers["batches"]

    @property
    def forgotten_users(self) -> int:
        """How many users were forgotten."""
        return self.numbers["forgotten users"]

    def rows(self) -> dict[str, int]:
        """The same, as the steps of the transform need it."""
        return {**self.numbers, "matched_before": self.matched["plays in extent"]}

    def totals_after(self, rows: Mapping[str, int], matched_change: int) -> tuple[int, ...]:
        """How many users, songs, artists, plays and matched plays there are after steps that wrote so many rows."""
        return (
            self.numbers["users before"] - rows["outdated_users"] + rows["users"],
            self.numbers["songs before"] - rows["outdated_songs"] + rows["songs"],
            self.numbers["artists before"] - rows["outdated_artists"] + rows["artists"],
            self.numbers["plays before"] + rows["songplays"],
            self.matched["plays before"] + matched_change,
        )


def before_merge(engine: Engine, extent: Extent) -> BeforeMerge:
    """Look at the warehouse before a batch is merged."""
    rows = extent.query(engine, history.statement("before_merge"))
    return BeforeMerge(
        {name: int(number) for name, number, _ in rows}, {name: int(matched) for name, _, matched in rows}
    )


def merged_rows(engine: Engine, extent: Extent, rows: Mapping[str, int]) -> dict[str, int]:
    """What no step of the merge wrote: `known_plays` and `known_page_views`; and the `matched_plays` of the extent.

    A batch that staged no event knows none of them, and matches none of its own.
    """
    row: Sequence[Any] = (0, 0, rows["matched_before"])
    if rows["staged events"]:
        [row] = extent.query(engine, history.statement("merged_rows"))
    return dict(zip(("known_plays", "known_page_views", "matched_plays"), row, strict=True))


def of_batch(
    engine: Engine, batch: Batch, staged: Staged, rows: Mapping[str, int], before: BeforeMerge
) -> dict[str, int]:
    """What a batch did, as the columns of `runs` count it, and how many plays it matched.

    `rows` says how many rows were staged, and how many each step of the transform wrote or counted.
    """
    return {
        "objects": len(batch),
        "bytes": sum(item.size for item in batch.objects),
        "events": rows["staged events"],
        "events_forgotten": rows["events of forgotten users"],
        "plays_staged": rows["staged plays"],
        "plays_inserted": rows["songplays"],
        "plays_matched": rows["matched_plays"] - rows["matched_before"],
        "plays_known": rows["known_plays"],
        "page_views_staged": rows["staged page views"],
        "page_views_inserted": rows["page_views"],
        "page_views_known": rows["known_page_views"],
        "songs": rows["staged songs"],
        "rejected": len(staged.rejected),
        "texts_cleaned": staged.cleaned_texts,
        "matched_change": _matched_change(engine, rows, before),
    }


def _matched_change(engine: Engine, rows: Mapping[str, int], before: BeforeMerge) -> int:
    """By how many the plays that are matched to a song grew.

    They are all read only where songs changed that were heard, at any time.
    """
    if rows["changed_match_keys"]:
        [(matched,)] = history.query(engine, "matched_plays")
        return int(matched) - before.matched["plays before"]
    return rows["matched_plays"] - before.matched["plays in extent"]
