"""Which of the listed objects are new, by a load history that is told row by row."""

from random import Random

import pytest

from sparkify import plan
from sparkify.plan import Batch, Loaded
from sparkify.store import Listing, Objects, StoredObject
from sparkify.store.objects import Place

BUCKET = Place("s3://bucket/data/", "data/")


def listed(etags: dict[str, str]) -> Listing:
    return Listing(Objects.of(StoredObject(BUCKET, f"data/{key}", etag, 1) for key, etag in etags.items()))


def compared(
    songs: dict[str, str], events: dict[str, str], history: list[tuple[plan.Kind, str, str]]
) -> tuple[dict[plan.Kind, Listing], Loaded]:
    listings: dict[plan.Kind, Listing] = {"songs": listed(songs), "events": listed(events)}
    loaded = Loaded(listings)
    for row in history:
        loaded.add(*row)
    return listings, loaded


@pytest.mark.parametrize("seed", range(20))
def test_any_order_of_the_history_finds_the_same(seed: int) -> None:
    draw = Random(seed)
    both: dict[plan.Kind, dict[str, str]] = {
        kind: {f"{n:03}": draw.choice("ab") for n in draw.sample(range(200), 100)} for kind in plan.KINDS
    }
    loaded: dict[tuple[plan.Kind, str], str] = {
        (draw.choice(plan.KINDS), f"{n:03}"): draw.choice("ab") for n in draw.sample(range(200), 150)
    }
    rows = [(kind, key, etag) for (kind, key), etag in loaded.items()]
    draw.shuffle(rows)
    listings, found = compared(both["songs"], both["events"], rows)
    for kind, etags in both.items():
        new = {key: etag for key, etag in etags.items() if loaded.get((kind, key)) != etag}
        objects = listings[kind].objects
        assert {objects[at].key: objects[at].etag for at in found.new(kind)} == new
    assert found.songs_gone == sum(kind == "songs" and key not in both["songs"] for kind, key in loaded)
    made = plan.make(listings, found, 1_000)
    assert made.known == 200 - len([*made.objects])


def test_what_is_listed_again_is_all_new() -> None:
    listings, loaded = compared({"a": "1"}, {"b": "1"}, [("songs", "a", "1"), ("songs", "gone", "1")])
    made = plan.make(listings, loaded, 1_000, again=True)
    assert [item.key for item in made.objects] == ["a", "b"]
    assert made.songs_gone is None


def test_a_whole_prefix_has_no_songs_that_are_gone() -> None:
    one = StoredObject(Place("s3://bucket/songs/", "*"), "*", "new", 1)
    listings: dict[plan.Kind, Listing] = {"songs": Listing(Objects.of([one])), "events": Listing()}
    loaded = Loaded(listings)
    for key in ("a", "", "b"):
        loaded.add("songs", key, "old")
    assert loaded.songs_gone == 0
    assert [item.name for item in plan.make(listings, loaded, 1).objects] == ["s3://bucket/songs/"]


def test_a_batch_loses_what_was_loaded_since_and_nothing_else() -> None:
    etags = {"a": "1", "b": "1", "c": "1", "d": "1"}
    listings, before = compared(etags, {}, [("songs", "a", "1"), ("songs", "b", "0")])
    _, now = compared(etags, {}, [("songs", "a", "1"), ("songs", "b", "1"), ("songs", "c", "0")])
    batch = Batch(1, songs=listings["songs"].objects, events=())
    left = plan.without_loaded(batch, before, now)
    assert [item.key for item in left.songs] == ["a", "c", "d"]
