"""Two at once on one warehouse, and Ctrl-C: one at a time, nobody's work lost, and messages name who and what."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from harness import children, deliveries
from harness.children import Child
from harness.folders import new_folder
from harness.program import PROGRAM
from harness.scenes import Scene, Watched
from harness.watches import Pause, SayStep

PYTHON = Path(sys.executable).resolve().name


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with new_folder() as folder:
        yield deliveries.second_load(folder)


@pytest.fixture
def warehouse(scene: Scene, request: pytest.FixtureRequest) -> Path:
    """The scene's warehouse, for this test alone."""
    return scene.copied(request.node.name)


def paused(scene: Scene, warehouse: Path, step: str, time: int, *command: str) -> tuple[Child, Connection]:
    """A command that stands at a step of its run."""
    here, there = children.pipe()
    child = children.start(scene, warehouse, *command, watch=Pause(line=there, step=step, time=time))
    there.close()
    assert here.recv() == step
    return child, here


def number_of(child: Child) -> int:
    """The number of a child's process."""
    assert child.process.pid
    return child.process.pid


def outcome_of(child: Child) -> Watched:
    """What a command left that was not killed."""
    result = child.result()
    assert isinstance(result, Watched)
    return result


def test_a_second_run_waits_for_the_first_says_for_whom_and_finds_nothing_new(scene: Scene, warehouse: Path) -> None:
    first, first_line = paused(scene, warehouse, "commit", 2, "etl")
    second, second_line = paused(scene, warehouse, "open", 2, "etl")
    first_line.send("go on")
    loaded = outcome_of(first)
    second_line.send("go on")
    waited = outcome_of(second)
    assert (loaded.exit_code, waited.exit_code) == (0, 0)
    assert f"{warehouse} is held by " in waited.err
    assert f"{PYTHON} (process {first.process.pid}); waiting up to 30 seconds" in waited.err
    assert waited.out.startswith("nothing new")
    assert scene.state_left(warehouse) == len(scene.states) - 1


def test_a_second_run_loads_it_all_when_the_first_is_killed(scene: Scene, warehouse: Path) -> None:
    first, _ = paused(scene, warehouse, "commit", 2, "etl")
    second, second_line = paused(scene, warehouse, "open", 2, "etl", "--json")
    os.kill(number_of(first), signal.SIGKILL)
    assert first.result() == -signal.SIGKILL
    second_line.send("go on")
    loaded = outcome_of(second)
    assert loaded.exit_code == 0
    assert json.loads(loaded.out)["objects"]["new"] == 4
    assert scene.state_left(warehouse) == len(scene.states) - 1


def test_two_runs_started_at_once_end_in_the_warehouse_of_one_run(tmp_path: Path) -> None:
    scene = deliveries.first_load(tmp_path)
    command = [*PROGRAM, "etl", "--json", "--config", str(scene.sparkify.config)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    outputs = [process.communicate() for process in both]
    assert [process.returncode for process in both] == [0, 0], outputs
    assert sorted(json.loads(stdout)["objects"]["new"] for stdout, _ in outputs) == [0, 4]
    assert scene.state_left(scene.copied("loaded")) == len(scene.states) - 1


@pytest.mark.parametrize(
    ("command", "is_reader", "seconds"),
    [("etl", False, 0), ("etl", False, 1), ("etl", True, 0), ("check", False, 0), ("create-tables", True, 0)],
)
def test_a_file_that_another_process_holds_for_too_long_is_told_with_its_program_and_number(
    command: str, is_reader: bool, seconds: int, scene: Scene, warehouse: Path
) -> None:
    with held(warehouse, read_only=is_reader) as number:
        outcome = scene.run(warehouse, command, lock_timeout=seconds)
    error, stays = outcome.err.splitlines()[-2:]
    assert outcome.exit_code == 3
    assert error.startswith(f"error: {warehouse}: held by ")
    assert f"{PYTHON} (process {number}) for over {seconds} seconds; close it there" in error
    assert stays == "nothing was changed"
    assert (outcome.steps.count("open") > 1) == (seconds > 0)
    assert scene.state_left(warehouse) == 0


@pytest.mark.parametrize("command", [("etl", "--dry-run"), ("check",)])
def test_what_only_reads_works_beside_another_reader(command: Sequence[str], scene: Scene, warehouse: Path) -> None:
    with held(warehouse, read_only=True):
        outcome = scene.run(warehouse, *command, lock_timeout=0)
    assert outcome.exit_code == 0, outcome.err
    assert scene.state_left(warehouse) == 0


@contextmanager
def held(warehouse: Path, *, read_only: bool) -> Iterator[int]:
    """The number of another process that holds the warehouse meanwhile."""
    holder, line = children.hold(warehouse, read_only=read_only)
    assert holder.pid
    yield holder.pid
    line.send("let go")
    holder.join()


def test_ctrl_c_at_any_moment_ends_a_run_with_nothing_half_done(scene: Scene) -> None:
    steps = scene.run(scene.copied("undisturbed"), "etl").steps
    assert len(steps) > 100
    left = [interrupted_at(scene, at) for at in range(len(steps), 0, -4)]
    assert left[0] == len(scene.states) - 1, "closing the warehouse took something away"


def interrupted_at(scene: Scene, at: int) -> int:
    """Send SIGINT to a run that says that it is at a step, even if it has gone on by then; the state it leaves."""
    warehouse = scene.copied(f"{at}")
    here, there = children.pipe()
    child = children.start(scene, warehouse, "etl", watch=SayStep(line=there, at=at))
    there.close()
    here.recv()
    os.kill(number_of(child), signal.SIGINT)
    with suppress(BrokenPipeError):
        here.send("sent")
    outcome = outcome_of(child)
    left = scene.state_left(warehouse)
    assert outcome.exit_code == 130, outcome.err
    assert "error: interrupted" in outcome.err
    assert outcome.batches_said_to_stay == {left}, outcome.err
    return left
