"""The process is killed at step n = 1, 2, 3, ... of a command, until it survives: nothing may be half done, ever."""

from __future__ import annotations

import re
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from harness import children, deliveries
from harness.deliveries import SCENES
from harness.scenes import Scene, Watched
from harness.states import NO_ROWS, State
from harness.steps import Watch
from harness.watches import DieWriting, Signal

RecordProperty = Callable[[str, object], None]

WRITING = {"commit": ".wal", "checkpoint": ""}
"""The steps that write, and what the file that they write is called after the warehouse's name."""

PARTS = 4
"""Into how many parts a file is cut to find the places at which a write is cut short."""

AT_ONCE = 2
"""Processes that are walked at the same time."""


Files = dict[str, bytes]
"""What lies in a folder, by its name."""


def files_beside(warehouse: Path) -> Files:
    """The files in the warehouse's folder. The folder of a load has a random name there, which counts for nothing."""
    folder = warehouse.parent
    names = {path: path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()}
    return {re.sub(r"\.sparkify-[^/]+", ".sparkify-", name): path.read_bytes() for path, name in names.items()}


@dataclass
class Leftovers(Watch):
    """The files that a process leaves that is killed at a moment, for each moment at which they have changed."""

    warehouse: Path = Path()
    left: dict[tuple[int, bool], Files] = field(default_factory=dict)

    def before(self, number: int, step: str) -> None:
        self.look(number, is_before=True)

    def after(self, number: int, step: str) -> None:
        self.look(number, is_before=False)

    def look(self, number: int, *, is_before: bool) -> None:
        files = files_beside(self.warehouse)
        if not self.left or files != next(reversed(self.left.values())):
            self.left[number, is_before] = files


@dataclass
class Sizes(Watch):
    """How large the file that a step writes has become, by the number of the step."""

    warehouse: Path = Path()
    sizes: dict[int, int] = field(default_factory=dict)

    def after(self, number: int, step: str) -> None:
        if step in WRITING:
            self.sizes[number] = self.warehouse.with_name(self.warehouse.name + WRITING[step]).stat().st_size


def in_turn(scene: Scene, watches: Sequence[Watch]) -> Iterator[tuple[Watch, Path, Watched | int]]:
    """Run the scene's command under each watch, on a warehouse of its own; a few at a time, the results in order."""
    running = deque[tuple[Watch, Path, children.Child]]()
    for number, watch in enumerate(watches, 1):
        warehouse = scene.copied(f"{number}")
        running.append((watch, warehouse, children.start(scene, warehouse, *scene.command, watch=watch)))
        if len(running) == AT_ONCE:
            watch, warehouse, child = running.popleft()
            yield watch, warehouse, child.result()
    for watch, warehouse, child in running:
        yield watch, warehouse, child.result()


def walk(scene: Scene) -> tuple[list[str], list[int]]:
    """Kill the command before and after every step; the steps, and the states that were left, in order.

    A killed process leaves the files as they are. So it is killed wherever they have changed: at all other moments it
    would leave the same as at the moment before.
    """
    warehouse = scene.copied("undisturbed")
    looked = Leftovers(warehouse=warehouse)
    outcome = scene.run(warehouse, *scene.command, watch=looked)
    assert outcome.exit_code == 0
    kills = [Signal(at=at, is_before=is_before) for at, is_before in looked.left]
    left = []
    for (_, killed, ended), files in zip(in_turn(scene, kills), looked.left.values(), strict=True):
        assert ended == -signal.SIGKILL
        assert files_beside(killed).keys() == files.keys(), "it was killed at another moment"
        left.append(scene.state_left(killed))
    left.append(scene.state_left(warehouse))
    return list(outcome.steps), left


@pytest.mark.parametrize("scene_of", SCENES.values(), ids=SCENES)
def test_the_state_that_every_recovery_must_reach_is_the_second_computations(
    scene_of: Callable[[Path], Scene], folder: Path
) -> None:
    delivered = [(deliveries.SONGS, deliveries.LOGS), (deliveries.LATER_SONGS, deliveries.LATER_LOGS)]
    star = deliveries.star_schema(*delivered[: 1 + (scene_of is deliveries.second_load)])
    last = scene_of(folder).states[-1]
    assert star.keys() < last.keys()
    assert star == {table: rows for table, rows in last.items() if table in star}


@pytest.mark.parametrize("scene_of", SCENES.values(), ids=SCENES)
def test_a_load_killed_at_any_step_leaves_whole_batches_and_the_next_run_ends_right(
    scene_of: Callable[[Path], Scene], folder: Path, record_property: RecordProperty
) -> None:
    scene = scene_of(folder)
    steps, left = walk(scene)
    record_property("steps", len(steps))
    assert len(steps) > 60
    assert {"open", "begin", "insert", "delete", "commit", "checkpoint", "close"} < set(steps)
    assert {"walk", "file"} <= set(steps) or {"list", "read"} <= set(steps)
    assert left == sorted(left), "a later kill left less"
    assert set(left) == set(range(len(scene.states)))


def test_creating_the_tables_killed_at_any_step_leaves_all_of_them_or_none(folder: Path) -> None:
    no_warehouse = folder / "nothing" / "sparkify.duckdb"
    first_load = deliveries.first_load(folder)
    states: tuple[State, ...] = ({}, NO_ROWS, first_load.states[-1])
    scene = Scene(first_load.sparkify, ("create-tables",), no_warehouse, states)
    steps, left = walk(scene)
    assert len(steps) > 20
    assert left == sorted(left)
    assert set(left) == {0, 1}


def test_dropping_the_tables_killed_at_any_step_leaves_all_rows_or_new_tables(folder: Path) -> None:
    scene = deliveries.first_load(folder)
    assert scene.run(scene.warehouse, "etl").exit_code == 0
    scene = replace(scene, command=("create-tables", "--drop", "--yes"), states=(NO_ROWS, scene.states[-1]))
    steps, left = walk(scene)
    assert len(steps) > 40
    assert left == sorted(left, reverse=True)
    assert set(left) == {0, 1}


def test_forgetting_killed_at_any_step_leaves_all_of_the_user_or_nothing(folder: Path) -> None:
    scene = deliveries.first_load(folder)
    assert scene.run(scene.warehouse, "etl").exit_code == 0
    others = {key: [one for one in log if one["userId"] != "2"] for key, log in deliveries.LOGS.items()}
    loaded = scene.states[-1]
    states = (loaded, loaded | deliveries.star_schema((deliveries.SONGS, others)))
    scene = replace(scene, command=("forget", "2", "--yes"), states=states)
    steps, left = walk(scene)
    assert {"open", "begin", "delete", "insert", "commit", "checkpoint", "copy", "close"} < set(steps)
    assert left == sorted(left)
    assert set(left) == {0, 1}


def test_importing_killed_at_any_step_leaves_the_whole_warehouse_or_none(folder: Path) -> None:
    scene = deliveries.first_load(folder)
    export = str(folder / "export")
    for command in (("etl",), ("export", export, "--whole")):
        assert scene.run(scene.warehouse, *command).exit_code == 0
    no_warehouse = folder / "nothing" / "sparkify.duckdb"
    scene = replace(scene, command=("import", export), warehouse=no_warehouse, states=({}, scene.states[-1]))
    steps, left = walk(scene)
    assert {"file", "open", "begin", "create", "insert", "commit", "checkpoint", "close"} < set(steps)
    assert left == sorted(left)
    assert set(left) == {0, 1}


@pytest.mark.parametrize("scene_of", SCENES.values(), ids=SCENES)
def test_a_load_killed_in_the_middle_of_a_write_leaves_whole_batches_and_the_next_run_ends_right(
    scene_of: Callable[[Path], Scene], folder: Path
) -> None:
    scene = scene_of(folder)
    warehouse = scene.copied("undisturbed")
    written = Sizes(warehouse=warehouse)
    scene.run(warehouse, *scene.command, watch=written)
    watches = [
        DieWriting(at=at, most_bytes=size * part // PARTS)
        for at, size in written.sizes.items()
        for part in range(PARTS)
    ]
    assert len(watches) >= 3 * PARTS
    left = []
    for _, warehouse, ended in in_turn(scene, watches):
        left.append(scene.state_left(warehouse))
        if isinstance(ended, Watched):
            assert ended.exit_code == 0
        else:
            assert ended == -signal.SIGXFSZ
    assert set(left) == set(range(len(scene.states)))
