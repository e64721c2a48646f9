"""The disk is full: the person reads so, in a sentence, and a run that has room ends right."""

from __future__ import annotations

import gzip
import json
import random
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from harness import children, deliveries
from harness.program import Outcome
from harness.scenes import Scene, Watched
from harness.steps import Watch

ON_A_SMALL_DISK = """
set -e
mount -t tmpfs -o size="$1" tmpfs "$2"
cp "$3"/* "$2"
set +e
TMPDIR="$2" DWH_DUCKDB_PATH="$2/sparkify.duckdb" "$5" -m sparkify.cli etl --config "$4"
code=$?
set -e
cp "$2"/sparkify.duckdb* "$3"
exit $code
"""
"""A load whose warehouse lies on a disk of $1 bytes, mounted at $2; it comes from the folder $3 and goes back there."""


def assert_tells_of_the_disk(outcome: Outcome) -> None:
    """One sentence that names the reason, the disk, and what to do."""
    assert outcome.exit_code == 1, outcome.err
    error = outcome.error
    assert "File too large" in error or "No space left on device" in error, error
    assert "make room on the disk" in error, error
    assert "Traceback" not in outcome.err


def load_with_most_bytes(scene: Scene, most_bytes: int) -> tuple[Watched, int]:
    """A load of which no file may grow beyond a size: how it ended, and the number of the state that it left."""
    warehouse = scene.copied(f"{most_bytes}")
    outcome = children.start(scene, warehouse, "etl", watch=Watch(), most_bytes=most_bytes).result()
    assert isinstance(outcome, Watched)
    return outcome, scene.state_left(warehouse)


def size_after_a_load(scene: Scene) -> int:
    """How many bytes the warehouse takes when all is loaded."""
    warehouse = scene.copied("undisturbed")
    assert scene.run(warehouse, "etl").exit_code == 0
    return warehouse.stat().st_size


def test_a_load_that_may_not_write_so_large_a_file_says_so_and_what_stays(folder: Path) -> None:
    scene = deliveries.first_load(folder)
    before, after = scene.warehouse.stat().st_size, size_after_a_load(scene)
    phases = set()
    for most_bytes in (0, 1_000, 50_000, before, *(before + (after - before) * part // 5 for part in range(1, 5))):
        outcome, left = load_with_most_bytes(scene, most_bytes)
        assert_tells_of_the_disk(outcome)
        assert outcome.batches_said_to_stay == {left}, outcome.err
        phases.add((outcome.steps, left))
    assert len(phases) >= 3, "the sizes do not fail in different phases"
    assert {left for _, left in phases} == {0, 1}
    outcome, left = load_with_most_bytes(scene, 10 * after)
    assert (outcome.exit_code, left) == (0, 1)


def test_a_load_that_runs_out_of_room_between_batches_keeps_those_that_it_had(folder: Path) -> None:
    scene = deliveries.second_load(folder)
    lefts = []
    for most_bytes in (0, 1_000, 30_000):
        outcome, left = load_with_most_bytes(scene, most_bytes)
        assert_tells_of_the_disk(outcome)
        assert outcome.batches_said_to_stay == {left}, outcome.err
        lefts.append(left)
    assert lefts == [0, 0, 1]


@pytest.mark.parametrize("place", ["bucket", "s3://bucket"])
def test_a_log_that_cannot_be_unpacked_for_want_of_room_says_so(place: str, folder: Path) -> None:
    scene = packed_load(folder, place)
    outcome, left = load_with_most_bytes(scene, 100_000)
    assert_tells_of_the_disk(outcome)
    assert outcome.batches_said_to_stay == {left} == {0}


def packed_load(folder: Path, place: str) -> Scene:
    """A log that is packed and, unpacked, larger than the warehouse without rows; it goes by files."""
    scene = deliveries.with_tables(folder, place, batch_size="1 GB")
    noise = random.Random(1)
    events = [deliveries.event(n, userAgent=f"{noise.getrandbits(4_000):x}") for n in range(300)]
    content = "\n".join(json.dumps(each) for each in events).encode()
    assert len(content) > 300_000
    log = folder / "bucket" / "log_data" / "packed.json.gz"
    log.write_bytes(gzip.compress(content))
    assert log.stat().st_size > deliveries.BY_FILES
    return deliveries.with_states(scene, batches=1)


def private_mounts() -> list[str]:
    """The command before a command that may mount what only it sees; empty where the system allows nobody that."""
    for command in (["unshare", "--mount"], ["unshare", "--mount", "--map-root-user"]):
        if shutil.which("unshare"):
            tried = subprocess.run(
                [*command, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False
            )
            if tried.returncode == 0:
                return command
    return []


@pytest.mark.parametrize("part", [0, 5, 15, 50, 90])
def test_a_load_on_a_full_disk_says_so_and_the_next_run_ends_right(part: int, folder: Path) -> None:
    if not (command := private_mounts()):
        pytest.skip("neither root nor a user namespace may mount a small disk here")
    scene = deliveries.first_load(folder)
    before, after = scene.warehouse.stat().st_size, size_after_a_load(scene)
    warehouse = scene.copied("small")
    disk = folder / "disk"
    disk.mkdir()
    size = f"{before + 8_192 + (after - before) * part // 100}"
    arguments = [size, str(disk), str(warehouse.parent), str(scene.sparkify.config), sys.executable]
    shell = [*command, "sh", "-c", ON_A_SMALL_DISK, "sh", *arguments]
    done = subprocess.run(shell, capture_output=True, text=True, check=False)
    outcome = Outcome(done.returncode, done.stdout, done.stderr)
    assert_tells_of_the_disk(outcome)
    assert outcome.batches_said_to_stay == {scene.state_left(warehouse)}, done.stderr


PUBLISHED_ON_A_SMALL_DISK = """
set -e
mount -t tmpfs -o size=65536 tmpfs "$1"
DWH_DUCKDB_PATH="$3" DWH_DUCKDB_PUBLISH="$1/readers.duckdb" "$4" -m sparkify.cli etl --config "$2" && code=0 || code=$?
ls -A "$1"
exit $code
"""
"""A load whose copy for readers has no room on the disk that is mounted at $1."""


def test_a_copy_for_readers_without_room_is_told_and_what_is_loaded_stays(folder: Path) -> None:
    if not (command := private_mounts()):
        pytest.skip("neither root nor a user namespace may mount a small disk here")
    scene = deliveries.first_load(folder)
    warehouse = scene.copied("published")
    (disk := folder / "disk").mkdir()
    arguments = [str(disk), str(scene.sparkify.config), str(warehouse), sys.executable]
    shell = [*command, "sh", "-c", PUBLISHED_ON_A_SMALL_DISK, "sh", *arguments]
    done = subprocess.run(shell, capture_output=True, text=True, check=False)
    assert done.returncode == 3, done.stderr
    assert "the copy for readers cannot be written; make room there" in done.stderr
    assert "the run is done, and all of it stays loaded" in done.stderr
    assert done.stdout == "", "a part of the copy was left there"
    assert scene.state_left(warehouse) == 1
