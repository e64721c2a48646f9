"""What a run did, for the person and for programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from sparkify.formats import JSON_VERSION
from sparkify.plan import Plan


@dataclass
class Summary:
    """The sums over the batches of a run, and the size of the warehouse after it."""

    warehouse: str
    plan: Plan
    counts: Counter[str] = field(default_factory=Counter)
    unknown_keys: set[str] = field(default_factory=set)
    changed: set[str] = field(default_factory=set)
    totals: tuple[int, ...] = ()
    seconds: float = 0.0

    def add(self, counts: Mapping[str, int]) -> None:
        """Add what a batch did."""
        self.counts.update(counts)

    @property
    def rejected(self) -> int:
        """Records that were set aside so far."""
        return self.counts["rejected"]

    def as_json(self) -> str:
        """One JSON object; keys may be added, none changes its meaning within a version."""
        users, songs, artists, plays, matched = self.totals
        c = self.counts
        content = {
            "version": JSON_VERSION,
            "warehouse": self.warehouse,
            "batches": len(self.plan.batches),
            "objects": {"new": c["objects"], "loaded_before": self.plan.known, "ignored": len(self.plan.ignored)},
            "bytes": c["bytes"],
            "records": {"events": c["events"], "songs": c["songs"], "rejected": c["rejected"]},
            "plays": {
                "staged": c["plays_staged"],
                "new": c["plays_inserted"],
                "matched": c["plays_matched"],
                "known": c["plays_known"],
            },
            "totals": {"plays": plays, "matched": matched, "users": users, "songs": songs, "artists": artists},
            "unknown_keys": sorted(self.unknown_keys),
            "seconds": round(self.seconds, 3),
        }
        return json.dumps(content)

    def as_text(self) -> str:
        """A short table, or a sentence when nothing was new."""
        users, songs, artists, plays, matched = self.totals
        c = self.counts
        where = f"{self.warehouse} holds {plays:,} plays ({matched:,} matched to a song)"
        ignored = f" ({len(self.plan.ignored):,} more are no data)" if self.plan.ignored else ""
        if not self.plan.batches and not self.plan.known:
            return f"no objects to load{ignored}; {where}"
        if not self.plan.batches:
            return f"nothing new: all {self.plan.known:,} objects are loaded{ignored}; {where}"
        known = f"{self.plan.known:,} loaded before{ignored}"
        rows = [
            ("objects", f"{c['objects']:,} new ({size_in_words(c['bytes'])}), {known}"),
            ("events", f"{c['events']:,}"),
            ("plays", f"{c['plays_inserted']:,} new, {c['plays_matched']:,} of them matched to a song"),
            ("", f"{c['plays_known']:,} delivered before or twice"),
            ("users", f"{users:,}"),
            ("songs", f"{songs:,} by {artists:,} artists"),
            (
                "rejected",
                f"{counted(c['rejected'], 'record')}{' (`sparkify rejected` shows them)' * bool(c['rejected'])}",
            ),
            ("seconds", f"{self.seconds:.1f}"),
            ("warehouse", where),
        ]
        if self.unknown_keys:
            rows.insert(-2, ("not loaded", f"keys that no column takes: {', '.join(sorted(self.unknown_keys))}"))
        return "\n".join(f"{name:<10}  {text}" for name, text in rows if name or not text.startswith("0 "))


def plan_as_text(plan: Plan) -> str:
    """What a run would load, a line for each object."""
    lines = [f"{o.name}  {size_in_words(o.size)}" for o in plan.objects]
    size = size_in_words(sum(o.size for o in plan.objects))
    total = f"{len(plan.objects):,} objects ({size}) would be loaded in {len(plan.batches):,} batches"
    return "\n".join([*lines, f"{total}; {plan.known:,} are loaded already, {len(plan.ignored):,} are no data"])


def plan_as_json(plan: Plan) -> str:
    """What a run would load, as one JSON object."""
    batches = [[{"object": o.name, "etag": o.etag, "bytes": o.size} for o in b.objects] for b in plan.batches]
    content = {"version": JSON_VERSION, "batches": batches, "loaded_before": plan.known, "ignored": len(plan.ignored)}
    return json.dumps(content)


def counted(count: int, one: str, many: str = "") -> str:
    """A number with what it counts: `1 play`, `37 plays`."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def size_in_words(count: float) -> str:
    """A size for a person."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":
            break
        count /= 1000
    return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
