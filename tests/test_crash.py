"""The process is killed at step n = 1, 2, 3, ... of a command, until it survives: nothing may be half done, ever."""

from __future__ import annotations

import os
import resource
import signal
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import faults
import pytest
from faults import Outcome, Scene, Watch

AT_ONCE = 2
"""Processes that are walked at the same time."""


@dataclass
class Kill(Watch):
    """`kill -9` just before or just after a step is done."""

    at: int = 0
    is_before: bool = True

    def before(self, number: int, step: str) -> None:
        if self.is_before and number == self.at:
            os.kill(os.getpid(), signal.SIGKILL)

    def after(self, number: int, step: str) -> None:
        if not self.is_before and number == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


@dataclass
class DieOfALargeFile(Watch):
    """The process is killed in the middle of the write that would make a file larger than it may be."""

    def before(self, number: int, step: str) -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)


@pytest.fixture
def folder() -> Iterator[Path]:
    with faults.quick_folder() as folder:
        yield folder


SCENES = {"the first load": faults.first_load, "a second delivery": faults.second_load}


def in_turn(scene: Scene, watches: list[Watch]) -> Iterator[tuple[Watch, Path, Outcome | int]]:
    """Run the scene's command under each watch, on a warehouse of its own; a few at a time, the results in order."""
    running = deque[tuple[Watch, Path, faults.Child]]()
    for number, watch in enumerate(watches, 1):
        warehouse = scene.copied(f"{number}")
        running.append((watch, warehouse, faults.start(scene, warehouse, *scene.command, watch=watch)))
        if len(running) == AT_ONCE:
            watch, warehouse, child = running.popleft()
            yield watch, warehouse, child.result()
    for watch, warehouse, child in running:
        yield watch, warehouse, child.result()


def walk(scene: Scene, steps: list[str], *, is_before: bool) -> list[int]:
    """Kill the command at every step; the number of the state that each kill left behind."""
    watches: list[Watch] = [Kill(at=at, is_before=is_before) for at in range(1, len(steps) + 1)]
    left = []
    for watch, warehouse, ended in in_turn(scene, watches):
        assert faults.killed(ended), f"{watch} did not kill: {ended}"
        left.append(scene.state_left(warehouse))
    [(_, warehouse, ended)] = in_turn(scene, [Kill(at=len(steps) + 1, is_before=is_before)])
    assert isinstance(ended, Outcome), "there is a step after the last one"
    assert ended.exit_code == 0
    assert scene.state_left(warehouse) == len(scene.states) - 1
    return left


@pytest.mark.parametrize("is_before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("scene_of", SCENES.values(), ids=SCENES)
def test_a_load_killed_at_any_step_leaves_whole_batches_and_the_next_run_ends_right(
    scene_of: Callable[[Path], Scene], is_before: bool, folder: Path, record_property: pytest.RecordProperty
) -> None:
    scene = scene_of(folder)
    steps = list(faults.run(scene, scene.copied("undisturbed"), *scene.command).steps)
    record_property("steps", len(steps))
    assert len(steps) > 100
    assert {"open", "list", "begin", "insert", "delete", "commit", "checkpoint", "close"} < set(steps)
    left = walk(scene, steps, is_before=is_before)
    assert left == sorted(left), "a kill at a later step left less"
    assert set(left) == set(range(len(scene.states)))


def test_creating_the_tables_killed_at_any_step_leaves_all_of_them_or_none(folder: Path) -> None:
    loaded = faults.first_load(folder)
    no_warehouse = folder / "nothing" / "sparkify.duckdb"
    no_tables = {table: [] for table in faults.COMPARED}
    states = ({}, no_tables, loaded.states[-1])
    scene = Scene(folder, ("create-tables",), no_warehouse, states)
    steps = list(faults.run(scene, scene.copied("undisturbed"), *scene.command).steps)
    assert len(steps) > 20
    left = [walk_state for is_before in (True, False) for walk_state in walk(scene, steps, is_before=is_before)]
    assert set(left) == {0, 1}
