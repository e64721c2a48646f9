"""A scene: a bucket with something new, a warehouse before it is loaded, and what the warehouse may hold afterwards.

The warehouse may hold what it held before the command was disturbed, and what it held after each whole batch. What a
state must be comes from elsewhere: from loads of buckets that hold those batches' objects and no more, and from
`oracle`.
"""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from unittest.mock import patch

from harness.program import Outcome
from harness.states import State, differences, state_and_runs
from harness.steps import Watch, watched
from harness.warehouse import Sparkify


@dataclass(frozen=True)
class Watched(Outcome):
    """How a command ended, what it printed, and the steps that it went."""

    steps: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scene:
    """A bucket and its configuration, a command, a warehouse for it, and what the warehouse may hold afterwards."""

    sparkify: Sparkify
    command: tuple[str, ...]
    warehouse: Path
    states: tuple[State, ...] = ()

    @property
    def folder(self) -> Path:
        """It holds the bucket, the configuration, and each copy of the warehouse."""
        return self.sparkify.folder

    def copied(self, name: str) -> Path:
        """The warehouse as it was before the command, in a new folder."""
        folder = self.folder / name
        folder.mkdir()
        for file in files_of(self.warehouse):
            shutil.copyfile(file, folder / file.name)
        return folder / self.warehouse.name

    def run(self, warehouse: Path, *arguments: str, watch: Watch | None = None, lock_timeout: int = 30) -> Watched:
        """Run a command of the program here, on the scene's bucket and a warehouse of its own."""
        watch = watch or Watch()
        settings = {
            "DWH_DUCKDB_PATH": str(warehouse),
            "DWH_ETL_LOCK_TIMEOUT": str(lock_timeout),
            "AWS_ACCESS_KEY_ID": "nobody",
            "AWS_SECRET_ACCESS_KEY": "none",
        }
        others = {name: text for name, text in os.environ.items() if not name.startswith(("DWH_", "AWS_"))}
        with patch.dict(os.environ, others | settings, clear=True), watched(watch, self.folder):
            done = self.sparkify.command(*arguments)
        return Watched(done.exit_code, done.out, done.err, tuple(watch.steps))

    @cached_property
    def recovered(self) -> set[tuple[object, ...]]:
        """What was left behind and found to recover right: the state, how the runs ended, and the size of the files."""
        return set()

    def state_left(self, warehouse: Path) -> int:
        """Which of the allowed states is there; a plain run must then end as an undisturbed one, with checks passed.

        Where the same was left before, by the rows and by the size of the files, it is not recovered a second time.
        The copy is gone afterwards.
        """
        sizes = [(file.name, file.stat().st_size) for file in files_of(warehouse)]
        left, runs = state_and_runs(warehouse)
        assert left in self.states, f"half done: {differences(left, self.states)}"
        number = self.states.index(left)
        if (same := (number, *runs, *sizes)) not in self.recovered:
            self._recover(warehouse, number)
            self.recovered.add(same)
        shutil.rmtree(warehouse.parent)
        return number

    def _recover(self, warehouse: Path, number: int) -> None:
        for command in (*self.repairs(number), ("etl",), ("check",)):
            outcome = self.run(warehouse, *command)
            assert outcome.exit_code == 0, outcome.err
        again, (*former, last) = state_and_runs(warehouse)
        assert again == self.states[-1], f"recovered wrong: {differences(again, self.states[-1:])}"
        assert last == "done"
        assert "running" not in former

    def repairs(self, number: int) -> list[tuple[str, ...]]:
        """What a person types before `etl`, after the command was disturbed and has left a state of this number."""
        match self.command[0]:
            case "forget":
                return [self.command]
            case "create-tables":
                return [("create-tables",)]
            case "import":
                return [self.command] if number == 0 else []
        return []


def files_of(warehouse: Path) -> list[Path]:
    """The warehouse's file and its log, as far as they are there."""
    return sorted(warehouse.parent.glob(f"{warehouse.name}*"))
