"""What the warehouse records of a run of the load: its batches, and how it ends."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime

from sparkify import history, sql_queries, suspicions, warehouse
from sparkify.config import Config
from sparkify.counts import BeforeMerge
from sparkify.engines.answer import Value
from sparkify.engines.engine import Engine, locked
from sparkify.errors import (
    AccessError,
    LoadError,
    ObjectChangedError,
    OutcomeUnknownError,
    SparkifyError,
    UnreadableObjectError,
    WarehouseGoneError,
)
from sparkify.history import State
from sparkify.output import escape_control_characters
from sparkify.plan import Batch, Plan
from sparkify.progress import Progress
from sparkify.words import counted


class Run:
    """One run of the load, as the table `runs` records it."""

    def __init__(
        self, engine: Engine, progress: Progress, plan: Plan, state: State, *, is_idle_recorded: bool = False
    ) -> None:
        """Record that the run has begun, in a warehouse that was in some state when it was planned.

        One that changes nothing is recorded where the engine does so, or with `is_idle_recorded`.
        """
        self._engine = engine
        self._progress = progress
        self._planned = len(plan.batches)
        self._batches_before = state.batches
        self.totals = () if plan.batches else state.totals
        """How many users, songs, artists, plays and matched plays there are after the last batch; empty before one."""
        self.batches = 0
        """Batches that the run has committed."""
        self._unreadable: list[UnreadableObjectError] = []
        """Why the run could not read some objects."""
        self.is_done = not (is_idle_recorded or engine.records_idle_runs or state.is_outdated_by(plan))
        """Whether the end of the run is recorded, or nothing of it need be."""
        self.run_id = 0
        if not self.is_done:
            self._locked(lambda: self._start(plan, state))

    def _start(self, plan: Plan, state: State) -> None:
        if state.running:
            self._execute("end_killed_runs")
        self.run_id = state.newest_run + 1
        values = {"now": _now(), "songs_gone": plan.songs_gone}
        if not self._execute("start_run", values | {"run_id": self.run_id}):  # another run has begun meanwhile
            [(newest,)] = history.query(self._engine, "newest_run")
            self.run_id = newest + 1
            self._execute("start_run", values | {"run_id": self.run_id})

    def note_batch(self, batch: Batch, counts: Mapping[str, int], rows: Mapping[str, int], before: BeforeMerge) -> None:
        """Record the staged objects as loaded, and what the batch did, in the batch's transaction.

        The last batch ends the run, too: a commit of its own would cost time. `rows` says how many rows each step
        wrote.

        Raises:
            LoadError: the tables are others than those in which the run began.
        """
        ends = self._ends_with(batch)
        values = {"run_id": self.run_id, "batch": batch.number, "now": _now()}
        if before.numbers["objects loaded before"]:
            self._execute("forget_objects")
            self._execute("forget_records")
        self._execute("note_objects", values)
        if counts["rejected"]:
            self._execute("note_records", values)
        how = {"status": "done" if ends else "running", "finished_at": values["now"] if ends else None}
        values = {**counts, **how, "run_id": self.run_id, "version": sql_queries.WAREHOUSE_VERSION}
        if not self._execute("add_batch", values):
            why = "its tables were dropped, or brought up by a newer program, while this run was loading"
            raise LoadError(f"{self._engine.address}: {why}; run again")
        self.totals = before.totals_after(rows, counts["matched_change"])

    @property
    def is_first(self) -> bool:
        """Whether no run had committed a batch when this one was planned, and it has not since."""
        return not (self._batches_before or self.batches)

    def committed(self, batch: Batch) -> None:
        """Remember that a batch was committed."""
        self.batches += 1
        self.is_done = self._ends_with(batch)

    def _ends_with(self, batch: Batch) -> bool:
        """Whether a batch is the last one, and nothing else need be recorded."""
        return batch.number == self._planned and not self._unreadable

    def leave_out(self, changed: Iterable[ObjectChangedError]) -> None:
        """Warn of the objects that are not loaded, and note which cannot be read: the run fails at its end."""
        changed = [*changed]
        self._unreadable += [error for error in changed if isinstance(error, UnreadableObjectError)]
        self._progress.warn(*suspicions.left_out(changed))

    def end(self) -> AccessError | None:
        """Record how the run ended, unless its last batch has; why it failed, if an object could not be read.

        Raises:
            AccessError: no object could be read.
        """
        fault = self._fault() if self._unreadable else None
        if fault and not self.batches:
            raise fault
        if fault:
            self.fail(fault)
        elif not self.is_done:
            self._locked(lambda: self._end("done"))
        self.is_done = True
        return fault

    def _fault(self) -> AccessError:
        """The error that names the first objects that could not be read, and counts the others."""
        texts = [str(error) for error in self._unreadable]
        lines = suspicions.first(texts, lambda more: f"{counted(more, 'more object')} cannot be read")
        return AccessError(*lines, object=self._unreadable[0].object)

    def fail(self, error: BaseException) -> None:
        """Record that the run failed, and why."""
        reason = self._progress.without_secrets(_reason(error))
        self._locked(lambda: self._end("failed", reason))

    def _end(self, status: str, error: str | None = None) -> None:
        self._execute("end_run", {"run_id": self.run_id, "now": _now(), "status": status, "error": error})

    def what_stays(self, error: BaseException) -> str:
        """What a run that ends with an error leaves behind, for people.

        The warehouse knows best, for the error may have come right after a commit; it may be out of reach, though. A
        commit whose answer was lost may still be going on: it is over when its lock is free.
        """
        if isinstance(error, WarehouseGoneError):
            return "what this run committed is in the file that was opened, wherever that is now, and not in its place"
        if not self.run_id:
            return "nothing was changed"
        if self.is_done:
            return f"the run is done, and all of it stays loaded (batches: {self.batches})"
        batches, is_known = self.batches, True
        with suppress(SparkifyError, KeyboardInterrupt):
            if OutcomeUnknownError in (type(error), type(error.__cause__)):
                is_known = False
                self._locked(lambda: None)
            [(batches,)] = history.query(self._engine, "batches", {"run_id": self.run_id}) or [(0,)]
            is_known = True
        if not is_known:
            return f"batches of this run that stay loaded: {batches}, or one more; run again, which finds out"
        if not batches:
            return "nothing was changed"
        return f"what this run committed stays loaded (batches: {batches}); run again for the rest"

    def _execute(self, name: str, values: Mapping[str, Value] | None = None) -> int:
        return self._engine.execute(history.statement(name), values)

    def _locked(self, change: Callable[[], None]) -> None:
        locked(self._engine, self._progress, change)


@contextmanager
def recorded_failure(config: Config, progress: Progress, *, is_whole: bool) -> Iterator[None]:
    """Record a run that fails before it has a plan, so that `status` tells of it; a whole one was to list everything.

    Where the warehouse is held or cannot be reached, the exit code of the run alone tells of it.
    """
    try:
        yield
    except SparkifyError as e:
        progress.say(f"noting in {config.warehouse} that this run failed")
        with (
            suppress(SparkifyError, KeyboardInterrupt),
            closing(warehouse.connect(replace(config, lock_timeout=0), progress)) as engine,
        ):
            state = history.require_state(engine)
            # A number there is a whole run's; how many songs are gone, the last listing has told.
            songs_gone = state.songs_gone or 0 if is_whole else None
            plan = Plan(batches=(), known=0, ignored=(), songs_gone=songs_gone)
            Run(engine, progress, plan, state, is_idle_recorded=True).fail(e)
        raise


@contextmanager
def recorded_run(engine: Engine, progress: Progress, plan: Plan, state: State) -> Iterator[Run]:
    """Record how the run ends; an error gets a note that says what stays of the run."""
    run = Run(engine, progress, plan, state)
    progress.run_id = run.run_id or None
    try:
        yield run
    except BaseException as e:
        e.add_note(run.what_stays(e))
        if not run.is_done:
            # Where the warehouse cannot even record the failure, the next run records that this one was killed.
            with suppress(SparkifyError, KeyboardInterrupt):
                run.fail(e)
        raise


def _reason(error: BaseException) -> str:
    """Why a run failed, as a text that every engine can store: line by line, and without the text of any record."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted"
    lines = error.recorded if isinstance(error, SparkifyError) else str(error).split("\n")
    return "\n".join(map(escape_control_characters, lines)) or type(error).__name__


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
