"""What a run did, for the person and for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from sparkify import program
from sparkify.errors import AccessError
from sparkify.plan import Plan
from sparkify.store import Ignored
from sparkify.words import counted, cut, forgotten_events_in_words, size_in_words

SHOWN_IGNORED = 5
"""Objects that are no data which a summary names; a dry run names all."""

SHOWN_KEYS = 10
SHOWN_KEY_LENGTH = 40
"""Unknown keys that a summary shows, and the characters of each."""

MOST_KEYS = 1_000
MOST_KEY_LENGTH = 256
"""Unknown keys that its JSON holds, and the characters of each."""

STAYS = ("what could be read is loaded",)
"""What stays of a run that has a summary, and yet a fault."""


@dataclass
class Summary:
    """The sums over the batches of a run, and the size of the warehouse after it."""

    warehouse: str
    plan: Plan
    counts: Counter[str] = field(default_factory=Counter)
    unknown_keys: set[str] = field(default_factory=set)
    totals: tuple[int, ...] = ()
    seconds: float = 0.0
    fault: AccessError | None = None
    """Why the run failed, though what could be read is loaded."""

    def add(self, counts: Mapping[str, int], unknown_keys: set[str]) -> None:
        """Add what a batch did, and the keys that no column took."""
        self.counts.update(counts)
        self.unknown_keys |= unknown_keys

    @property
    def rejected(self) -> int:
        """Records that were set aside so far."""
        return self.counts["rejected"]

    def fields(self) -> dict[str, Any]:
        """The fields of its JSON object; more may be added, none changes its meaning within a version."""
        users, songs, artists, plays, matched = self.totals
        c = self.counts
        return {
            "warehouse": self.warehouse,
            "batches": len(self.plan.batches),
            "objects": {"new": c["objects"], "loaded_before": self.plan.known, "ignored": len(self.plan.ignored)},
            "ignored_objects": _ignored_fields(self.plan.ignored[:SHOWN_IGNORED]),
            **_limit_fields(self.plan),
            "bytes": c["bytes"],
            "records": {
                "events": c["events"],
                "events_forgotten": c["events_forgotten"],
                "songs": c["songs"],
                "rejected": c["rejected"],
            },
            "plays": {
                "staged": c["plays_staged"],
                "new": c["plays_inserted"],
                "matched": c["plays_matched"],
                "known": c["plays_known"],
            },
            "page_views": {
                "staged": c["page_views_staged"],
                "new": c["page_views_inserted"],
                "known": c["page_views_known"],
            },
            "texts_cleaned": c["texts_cleaned"],
            "totals": {"plays": plays, "matched": matched, "users": users, "songs": songs, "artists": artists},
            "unknown_keys": [cut(key, MOST_KEY_LENGTH) for key in sorted(self.unknown_keys)[:MOST_KEYS]],
            "seconds": round(self.seconds, 3),
        }

    def lines(self) -> list[str]:
        """A short table, or a sentence when nothing was new; below it the objects that are no data."""
        plays, matched = self.totals[3:]
        holds = f"{self.warehouse} holds {plays:,} plays ({matched:,} matched to a song)"
        ignored = f" ({len(self.plan.ignored):,} more are no data)" if self.plan.ignored else ""
        notes = [*_ignored_lines(self.plan.ignored), *_limit_lines(self.plan)]
        if not self.plan.batches and not self.plan.known:
            return [f"no objects to load{ignored}; {holds}", *notes]
        if not self.plan.batches:
            what = "logs that were listed" if self.plan.since else "objects"
            return [f"nothing new: all {self.plan.known:,} {what} are loaded{ignored}; {holds}", *notes]
        return [f"{name:<10}  {text}" for name, text in self._rows(ignored, notes, holds)]

    def _rows(self, ignored: str, notes: Sequence[str], holds: str) -> list[tuple[str, str]]:
        users, songs, artists = self.totals[:3]
        c = self.counts
        size = size_in_words(c["bytes"])
        rows = [
            ("objects", f"{c['objects']:,} new ({size}), {self.plan.known:,} loaded before{ignored}"),
            *(("", line) for line in notes),
            ("events", f"{c['events']:,}"),
            *([("", forgotten_events_in_words(c["events_forgotten"]))] if c["events_forgotten"] else []),
            ("plays", f"{c['plays_inserted']:,} new, {c['plays_matched']:,} of them matched to a song"),
        ]
        if c["plays_known"]:
            rows.append(("", f"{c['plays_known']:,} delivered before or twice"))
        if rematched := c["matched_change"] - c["plays_matched"]:
            how = "more" if rematched > 0 else "fewer"
            rows.append(("", f"{abs(rematched):,} {how} of those loaded before are matched to a song now"))
        rows.append(("page views", f"{c['page_views_inserted']:,} new"))
        if c["page_views_known"]:
            rows.append(("", f"{c['page_views_known']:,} delivered before or twice"))
        hint = " (`sparkify rejected` shows them)" if c["rejected"] else ""
        rows += [
            ("users", f"{users:,}"),
            ("songs", f"{songs:,} by {counted(artists, 'artist')}"),
            ("rejected", f"{counted(c['rejected'], 'record')}{hint}"),
        ]
        if self.unknown_keys:
            rows.append(("not loaded", f"keys that no column takes: {_keys_in_words(self.unknown_keys)}"))
        return [*rows, ("seconds", f"{self.seconds:.1f}"), ("warehouse", holds)]


def _keys_in_words(keys: set[str]) -> str:
    """The first few keys, each cut to a length that can be read, and how many more there are."""
    shown = [cut(key, SHOWN_KEY_LENGTH) for key in sorted(keys)[:SHOWN_KEYS]]
    more = f" and {len(keys) - SHOWN_KEYS:,} more" if len(keys) > SHOWN_KEYS else ""
    return f"{', '.join(shown)}{more}"


def _ignored_lines(ignored: Sequence[Ignored]) -> list[str]:
    """The first few objects that are no data, by reason, and how many more there are."""
    shown = sorted(ignored[:SHOWN_IGNORED], key=lambda item: item.reason)
    by_reason = groupby(shown, key=lambda item: item.reason)
    lines = [f"no data: {', '.join(item.name for item in items)} ({reason})" for reason, items in by_reason]
    more = len(ignored) - SHOWN_IGNORED
    return [*lines, f"no data: {more:,} more; `sparkify etl --dry-run` names all"] if more > 0 else lines


def _limit_lines(plan: Plan) -> list[str]:
    """What was not listed, if that was so little on purpose."""
    if not plan.since:
        return []
    rest = f"`{program.command('etl')}` without --since loads what is new there"
    if not plan.left_out:
        return [f"not listed: songs; {rest}; no folder of logs says that it is of days before {plan.since}"]
    return [f"not listed: songs, and {counted(plan.left_out, 'folder')} of days before {plan.since}; {rest}"]


def _limit_fields(plan: Plan) -> dict[str, Any]:
    return {"since": plan.since and plan.since.isoformat(), "folders_left_out": plan.left_out}


def _ignored_fields(ignored: Iterable[Ignored]) -> list[dict[str, str]]:
    return [{"object": item.name, "reason": item.reason} for item in ignored]


def plan_lines(plan: Plan) -> list[str]:
    """What a run would load, a line for each object, then what is no data."""
    objects = [*plan.objects]
    lines = [f"{o.name}  {size_in_words(o.size)}" for o in objects]
    lines += [f"{o.name}  no data: {o.reason}" for o in plan.ignored]
    size = size_in_words(sum(o.size for o in objects))
    total = f"{len(objects):,} objects ({size}) would be loaded in {len(plan.batches):,} batches"
    total = f"{total}; {plan.known:,} are loaded already, {len(plan.ignored):,} are no data"
    return [*lines, total, *_limit_lines(plan)]


def plan_fields(plan: Plan) -> dict[str, Any]:
    """What a run would load, as fields of a JSON object."""
    return {
        "batches": [[{"object": o.name, "etag": o.etag, "bytes": o.size} for o in b.objects] for b in plan.batches],
        "loaded_before": plan.known,
        "ignored": len(plan.ignored),
        "ignored_objects": _ignored_fields(plan.ignored),
        **_limit_fields(plan),
    }
