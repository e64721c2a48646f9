"""A fault is raised at step n = 1, 2, 3, ... of a load, once or from then on: the program ends in its own words."""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from obstore.exceptions import GenericError, PermissionDeniedError

from harness import deliveries
from harness.deliveries import SCENES
from harness.scenes import Scene
from harness.states import state_of
from harness.steps import Watch

RecordProperty = Callable[[str, object], None]


@dataclass(frozen=True)
class Cause:
    """A fault as DuckDB raises it and as the store does, with its text, and what a person must read of it."""

    by_duckdb: type[BaseException]
    by_the_store: type[BaseException]
    text: str
    words: tuple[str, ...]

    def words_at(self, step: str) -> tuple[str, ...]:
        """What must be read of it at a step: where something cannot be reached, its own text."""
        return self.words if step not in REACHING or self in INTERRUPTIONS else (self.text,)


NO_ROOM = Cause(duckdb.IOException, OSError, "No space left on device", ("No space left", "disk"))
NO_COMMIT = Cause(
    duckdb.TransactionException,
    GenericError,
    'TransactionContext Error: Failed to commit: Could not write file "sparkify.duckdb.wal": No space left on device',
    ("Failed to commit: Could not write file",),
)
NO_CHECKPOINT = Cause(
    duckdb.FatalException,
    PermissionDeniedError,
    'FATAL Error: Failed to create checkpoint because of error: Could not write file "sparkify.duckdb": File too large',
    ("Failed to create checkpoint because of error: Could not write file",),
)
NO_MEMORY = Cause(
    duckdb.OutOfMemoryException,
    FileNotFoundError,
    "Out of Memory Error: failed to allocate data of size 256.0 KiB (1.0 GiB/1.0 GiB used)",
    ("failed to allocate data of size 256.0 KiB",),
)
STOPPED = Cause(duckdb.InterruptException, KeyboardInterrupt, "INTERRUPT Error: Interrupted!", ("interrupted",))
SIGNALLED = Cause(RuntimeError, KeyboardInterrupt, "Query interrupted", ("interrupted",))
CTRL_C = Cause(KeyboardInterrupt, KeyboardInterrupt, "", ("interrupted",))
INTERRUPTIONS = (STOPPED, SIGNALLED, CTRL_C)
CAUSES = (NO_ROOM, NO_COMMIT, NO_CHECKPOINT, NO_MEMORY, *INTERRUPTIONS)

STORE_STEPS = {"list", "read"}
REACHING = {*STORE_STEPS, "walk", "open"}
LETTING_GO = {"file", "close"}
"""Steps around the layers that would raise, or at which they raise nothing: only Ctrl-C comes here."""

WRITING_STEPS = {"commit", "checkpoint"}


@dataclass
class Fault(Watch):
    """Raises a fault in place of a step, once or from that step on."""

    at: int = 0
    cause: Cause = CTRL_C
    is_lasting: bool = False

    def is_here(self, number: int) -> bool:
        return number == self.at or (self.is_lasting and number > self.at)

    def before(self, number: int, step: str) -> None:
        if self.is_here(number) and step not in LETTING_GO:
            if step == "walk" and self.cause not in INTERRUPTIONS:
                raise OSError(errno.EIO, self.cause.text)
            is_by_the_store = step in STORE_STEPS or (step in ("open", "walk") and self.cause in INTERRUPTIONS)
            raise (self.cause.by_the_store if is_by_the_store else self.cause.by_duckdb)(self.cause.text)

    def after(self, number: int, step: str) -> None:
        if self.is_here(number) and step in LETTING_GO and self.cause is CTRL_C:
            raise KeyboardInterrupt


@dataclass
class CtrlCWithin(Watch):
    """Ctrl-C comes while a step is being done, and Python sees it when the step is done."""

    at: int = 0
    cause: Cause = CTRL_C

    def after(self, number: int, step: str) -> None:
        if number == self.at:
            raise KeyboardInterrupt


def undisturbed(scene: Scene) -> Sequence[str]:
    """The steps of a load to which nothing happens."""
    warehouse = scene.copied("undisturbed")
    outcome = scene.run(warehouse, *scene.command)
    assert outcome.exit_code == 0
    assert state_of(warehouse) == scene.states[-1]
    return outcome.steps


def assert_ends_in_its_own_words(scene: Scene, fault: Fault | CtrlCWithin) -> None:
    """Run the command under a fault, and hold its exit code and its words against what it left behind."""
    warehouse = scene.copied(f"{fault.at}")
    outcome = scene.run(warehouse, *scene.command, watch=fault)
    step = outcome.steps[fault.at - 1]
    what_came = f"{fault.cause} at step {fault.at}, {step}, of {len(outcome.steps)}:\n{outcome.err}"
    assert outcome.exit_code == expected_exit_code(fault.cause, step), what_came
    assert all(words in outcome.error for words in fault.cause.words_at(step)), what_came
    left = scene.state_left(warehouse)
    assert outcome.batches_said_to_stay == {left}, f"{left} batches stay; {what_came}"


def expected_exit_code(cause: Cause, step: str) -> int:
    """What the documented exit codes say of a fault."""
    if cause in INTERRUPTIONS:
        return 130
    return 3 if step in REACHING else 1


@pytest.mark.parametrize("is_lasting", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("scene_of", SCENES.values(), ids=SCENES)
def test_a_load_with_a_fault_at_any_step_says_what_happened_and_what_stays(
    scene_of: Callable[[Path], Scene], is_lasting: bool, folder: Path, record_property: RecordProperty
) -> None:
    scene = scene_of(folder)
    steps = undisturbed(scene)
    record_property("steps", len(steps))
    assert len(steps) > 60
    for at, step in enumerate(steps, 1):
        cause = CTRL_C if step in LETTING_GO else CAUSES[(at + is_lasting) % len(CAUSES)]
        assert_ends_in_its_own_words(scene, Fault(at=at, cause=cause, is_lasting=is_lasting))


def test_a_load_with_any_fault_where_it_writes_says_what_happened_and_what_stays(folder: Path) -> None:
    scene = deliveries.second_load(folder)
    writing = [at for at, step in enumerate(undisturbed(scene), 1) if step in WRITING_STEPS]
    assert len(writing) >= 5
    for at in writing:
        for cause in CAUSES:
            for is_lasting in (False, True):
                assert_ends_in_its_own_words(scene, Fault(at=at, cause=cause, is_lasting=is_lasting))
        assert_ends_in_its_own_words(scene, CtrlCWithin(at=at))


def test_a_load_with_ctrl_c_within_any_step_says_what_stays(folder: Path) -> None:
    scene = deliveries.first_load(folder)
    for at in range(1, len(undisturbed(scene)) + 1):
        assert_ends_in_its_own_words(scene, CtrlCWithin(at=at))
