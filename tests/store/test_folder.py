"""A folder that stands for a bucket: odd names, links and files that change stop nothing, and lose nothing."""

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness import oracle
from harness.program import Outcome
from harness.records import event, lines, many_events, song
from harness.rows import assert_is
from harness.warehouse import Sparkify
from sparkify.errors import ObjectChangedError
from sparkify.store import Listing, StoredObject
from sparkify.store.folder import Folder

LARGE = 70_000
"""Bytes of a log that DuckDB reads where it lies."""


def log(number: int) -> str:
    """A log of one play, which no other log has."""
    return lines([event(sessionId=number)])


def listed(folder: Path) -> Listing:
    return Folder(str(folder), folder.parent).list_objects()


def names(sparkify: Sparkify) -> set[str]:
    """The names of the loaded logs, below the folder of the logs."""
    rows = sparkify.query("select object from load_history where kind = 'events'")
    return {name.removeprefix("bucket/log_data/") for (name,) in rows}


# ---------------------------------------------------------------- names

NAMES = st.text(st.characters(exclude_characters="/\0", exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(
    st.dictionaries(st.tuples(NAMES, NAMES), st.sampled_from(["", ".json", ".JSON", ".jsonl", ".ndJSON"]), max_size=8)
)
def test_every_name_is_listed_as_data_or_with_a_reason(
    tmp_path_factory: pytest.TempPathFactory, files: dict[tuple[str, str], str]
) -> None:
    root = tmp_path_factory.mktemp("names")
    made = set()
    for (folder, name), ending in files.items():
        path = root / f"f{folder}" / f"n{name}{ending}"
        path.parent.mkdir(exist_ok=True)
        path.write_text("{}")
        made.add(f"{path.parent.name}/{path.name}")
    listing = listed(root)
    data = {item.key for item in listing.objects}
    assert data == {key for key in made if key.lower().endswith((".json", ".jsonl", ".ndjson"))}
    assert {item.name for item in listing.ignored} == {f"{root.name}/{key}" for key in made - data}
    assert all(item.reason for item in listing.ignored)
    assert [
        content for _, content in Folder(str(root), root.parent).read_many(listing.objects, lambda count: None)
    ] == [b"{}"] * len(data)


ODD_NAMES = [
    "tab\tx",
    "new\nline",
    "escape\x1b[2J",
    "del\x7f",
    "back\\slash",
    "quote'\"",
    "50%25",
    "bidi\u202e",
    "*?[x]",
    " ",
]


@pytest.mark.parametrize("size", [1, LARGE], ids=["small", "large"])
def test_a_log_of_any_name_is_loaded_under_its_name(size: int, sparkify: Sparkify) -> None:
    events: list[Any] = []
    for number, name in enumerate(ODD_NAMES):
        text = many_events(size, userId=str(number))
        events += map(json.loads, text)
        sparkify.put(f"log_data/{name}/{name}.json", "\n".join(text))
    sparkify.put("log_data/no data\x1b]0;x\x07.csv", "a,b")
    outcome = sparkify.loaded()
    assert names(sparkify) == {f"{name}/{name}.json" for name in ODD_NAMES}
    assert_is(sparkify.star(), oracle.warehouse({}, events))
    assert "\x1b" not in outcome.out + outcome.err


def test_a_large_log_whose_name_is_a_pattern_is_read_as_itself(sparkify: Sparkify) -> None:
    logs = {
        f"log_data/{name}": many_events(70_000, ts=number)
        for number, name in enumerate(["[a].json", "?.json", "*.json", "a.json"], 1)
    }
    for key, records in logs.items():
        sparkify.put(key, "\n".join(records))
    sparkify.loaded()
    assert sparkify.history() == {key: (len(records), len(records), 0) for key, records in logs.items()}
    assert_is(sparkify.star(), oracle.warehouse({}, [json.loads(line) for log in logs.values() for line in log]))


@pytest.mark.parametrize("size", [1, LARGE], ids=["small", "large"])
def test_a_name_that_is_not_utf_8_is_loaded_with_its_bytes_spelled_out(size: int, sparkify: Sparkify) -> None:
    folder = os.fsencode(sparkify.bucket / "log_data")
    text = many_events(size)
    with open(folder + b"/caf\xe9.json", "w") as file:
        file.write("\n".join(text))
    (sparkify.bucket / "log_data" / "caf\\xe9.json").write_text(log(1))  # the name as it is spelled out
    outcome = sparkify.loaded()
    assert names(sparkify) == {"caf\\xe9.json"}
    assert "another object has this name already" in outcome.out
    (sparkify.bucket / "log_data" / "caf\\xe9.json").unlink()
    sparkify.loaded()
    plays = {row[0] for row in sparkify.query("select count(*) from songplays")}
    assert plays & {len(text), len(text) + 1}


# ---------------------------------------------------------------- links and what is no file


def link(path: Path, target: str) -> None:
    path.symlink_to(target)


def a_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(path))


ODD_FILES: dict[str, tuple[Callable[[Path], Any], str]] = {
    "a link to its own parent": (lambda path: link(path, "."), "a link to a folder that is listed already"),
    "a link to the bucket": (lambda path: link(path, ".."), "a link to a folder that is listed already"),
    "a link to the root of the disk": (lambda path: link(path, "/"), "a link to a folder that is listed already"),
    "a link to itself": (lambda path: link(path, path.name), "a link that leads to itself"),
    "a link to nothing": (lambda path: link(path, "nowhere"), "a link to nothing"),
    "a pipe": (os.mkfifo, "no file, but a pipe"),
    "a socket": (a_socket, "no file, but a pipe, a socket"),
}


@pytest.mark.parametrize(("make", "reason"), ODD_FILES.values(), ids=ODD_FILES)
def test_what_is_no_file_stops_no_load_and_is_named(
    make: Callable[[Path], Any], reason: str, sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    sparkify.put("log_data/a.json", log(1))
    monkeypatch.chdir(sparkify.bucket / "log_data")  # the path of a socket must be short
    make(Path("odd.json"))
    outcome = sparkify.loaded()
    assert names(sparkify) == {"a.json"}
    assert f"odd.json ({reason}" in outcome.out or f"odd.json: {reason}" in outcome.out, outcome.out


def test_links_to_files_and_to_folders_elsewhere_are_followed_once(sparkify: Sparkify, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "b.json").write_text(log(2))
    (tmp_path / "c.json").write_text(log(3))
    logs = sparkify.bucket / "log_data"
    sparkify.put("log_data/2018/a.json", log(1))
    (logs / "0-first").symlink_to("2018")
    (logs / "b").symlink_to(tmp_path / "elsewhere")
    (logs / "b-again").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "elsewhere" / "back").symlink_to(logs)
    (logs / "c.json").symlink_to(tmp_path / "c.json")
    sparkify.loaded()
    assert names(sparkify) == {"2018/a.json", "b/b.json", "c.json"}


def test_a_folder_that_may_not_be_read_is_named_with_the_right_and_the_rest_is_loaded(
    sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    sparkify.put("log_data/a.json", log(1))
    closed = sparkify.bucket / "log_data" / "lost+found"
    closed.mkdir()
    scandir = os.scandir

    def refuse(path: str) -> Any:
        if str(path) == str(closed):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    outcome = sparkify.loaded()
    assert names(sparkify) == {"a.json"}
    assert "bucket/log_data/lost+found: may not be opened; grant this user the rights" in outcome.err


@pytest.mark.parametrize("name", ["log_dat", "LOG_DATA", "logdata", "log-data/"])
def test_a_folder_that_is_not_there_is_refused_with_the_name_of_one_beside_it(name: str, sparkify: Sparkify) -> None:
    text = sparkify.config.read_text().replace("bucket/log_data\n", f"bucket/{name}\n")
    sparkify.config.write_text(text)
    sparkify.refused(3, "there is no such folder", f"there is {sparkify.bucket / 'log_data'}")
    sparkify.config.write_text(text.replace(f"bucket/{name}", "bucket/else"))
    assert "; there is " not in sparkify.refused(3, "there is no such folder")


def test_a_single_file_is_loaded(sparkify: Sparkify) -> None:
    sparkify.put("log_data/a.json", log(1))
    sparkify.put("log_data/b.json", log(2))
    text = sparkify.config.read_text().replace("bucket/log_data\n", "bucket/log_data/a.json\n")
    sparkify.config.write_text(text)
    sparkify.loaded()
    assert names(sparkify) == {"a.json"}


def test_what_spark_hides_is_no_data_and_what_is_not_data_is_named(sparkify: Sparkify) -> None:
    for key in (
        "_temporary/0/a.json",
        "_SUCCESS",
        "_x.json",
        ".a.json.crc",
        ".b.json",
        "notes.txt",
        "_year=2018/d.json",
    ):
        sparkify.put(f"log_data/{key}", log(1))
    sparkify.put("log_data/empty.json", "")
    for number, key in enumerate(("a.JSON", "b.jsonl", "c.NdJson.GZ")):
        sparkify.put_as_it_is(f"log_data/{key}", log(number).encode())
    dry = sparkify.etl("--dry-run").out
    for key in ("_temporary/0/a.json", "_SUCCESS", "_x.json", ".a.json.crc", ".b.json", "notes.txt", "empty.json"):
        assert f"bucket/log_data/{key}" in dry
    sparkify.configure(MAX_ERRORS=1)  # c.NdJson.GZ is not packed, as its name says
    sparkify.loaded()
    assert names(sparkify) == {"a.JSON", "b.jsonl", "c.NdJson.GZ", "_year=2018/d.json"}


# ---------------------------------------------------------------- files that change


def append(path: Path) -> None:
    with path.open("a") as file:
        file.write("\n" + log(70))


def truncate(path: Path) -> None:
    path.write_text(log(71))


def rewrite(path: Path) -> None:
    path.write_text(path.read_text().replace("Adele", "Edele"))


def replace(path: Path) -> None:
    new = path.with_name("new")
    shutil.copyfile(path, new)
    rewrite(new)
    new.replace(path)


CHANGES = {"appended to": append, "truncated": truncate, "rewritten": rewrite, "replaced": replace}


def content(sparkify: Sparkify) -> list[Any]:
    """All events of the bucket as it is now."""
    paths = sorted((sparkify.bucket / "log_data").rglob("*.json"))
    return [json.loads(line) for path in paths for line in path.read_text().splitlines()]


@contextmanager
def after_listing(change: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Something happens once, right after the logs are listed."""
    list_objects = Folder.list_objects

    def list_then_change(folder: Folder, since: date | None) -> Listing:
        listing = list_objects(folder, since)
        if folder.location.endswith("log_data"):
            change()
        return listing

    with monkeypatch.context() as patch:
        patch.setattr(Folder, "list_objects", list_then_change)
        yield


@pytest.mark.parametrize("size", [1, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_log_that_changes_after_the_listing_is_loaded_as_listed_or_stays_new(
    change: Callable[[Path], None], size: int, sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = many_events(size, artist="Adele")
    path = sparkify.put("log_data/a.json", "\n".join(text))
    sparkify.put("log_data/b.json", log(2))
    listed_events = content(sparkify)
    with after_listing(lambda: change(path), monkeypatch):
        outcome = sparkify.loaded()
    if change is append:
        assert_is(sparkify.star(), oracle.warehouse({}, listed_events))
    else:
        assert names(sparkify) == {"b.json"}
        assert "bucket/log_data/a.json" in outcome.err
        assert "stays new" in outcome.err
        assert_is(sparkify.star(), oracle.warehouse({}, [event(sessionId=2)]))
    sparkify.loaded()
    former = listed_events if change is append else []
    assert_is(sparkify.star(), oracle.warehouse({}, [*former, *content(sparkify)]))


def test_a_song_that_changes_after_the_listing_leaves_the_old_one_in_place(
    sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = sparkify.put("song_data/a.json", lines([song()]))
    sparkify.put("log_data/a.json", log(1))
    sparkify.loaded()
    before = sparkify.star()
    path.write_text(lines([song(title="Good-bye")]))

    def rewritten() -> None:
        path.write_text(lines([song(title="Good day")]))

    with after_listing(rewritten, monkeypatch):
        sparkify.loaded()
    assert sparkify.star() == before
    sparkify.loaded()
    assert_is(sparkify.star(), oracle.warehouse({"a": [song(title="Good day")]}, [event(sessionId=1)]))


def pipe(path: Path) -> None:
    """A pipe to which nobody writes: who opens it as a file waits for ever."""
    path.unlink()
    os.mkfifo(path)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def circle(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.name)


def device(path: Path) -> None:
    path.unlink()
    path.symlink_to("/dev/zero")


def file_above(path: Path) -> None:
    shutil.rmtree(path.parent)
    path.parent.write_text("no folder any more")


NO_FILES = {"a pipe": pipe, "a folder": folder, "a circle": circle, "a device": device, "below a file": file_above}


HOLDS_A_LEASE = """
import fcntl, os, signal, sys
file = os.open(sys.argv[1], os.O_RDWR)
signal.signal(signal.SIGIO, lambda *_: fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_UNLCK))
fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
print("held", flush=True)
sys.stdin.read()
"""
"""A process that has the sole use of a file until somebody else opens it, as a file server may."""


@pytest.mark.parametrize("size", [1, LARGE], ids=["small", "large"])
def test_a_log_on_which_another_process_holds_a_lease_is_loaded_when_it_lets_go(size: int, sparkify: Sparkify) -> None:
    path = sparkify.put("log_data/a.json", "\n".join(many_events(size)))
    command = [sys.executable, "-c", HOLDS_A_LEASE, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        assert "warning" not in sparkify.loaded().err
        holder.communicate()
    assert names(sparkify) == {"a.json"}


@pytest.mark.parametrize("size", [1, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("change", NO_FILES.values(), ids=NO_FILES)
def test_a_log_in_whose_place_is_no_file_any_more_stays_new_and_stops_no_other(
    change: Callable[[Path], None], size: int, sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = sparkify.put("log_data/2018/a.json", "\n".join(many_events(size)))
    sparkify.put("log_data/b.json", log(2))
    waited = threading.Event()

    def end_waiting() -> None:
        with suppress(OSError):  # nobody waits
            os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
            waited.set()

    timer = threading.Timer(10, end_waiting)
    timer.start()
    with after_listing(lambda: change(path), monkeypatch):
        outcome = sparkify.loaded()
    timer.cancel()
    assert not waited.is_set(), "the load waits for a writer"
    assert names(sparkify) == {"b.json"}
    assert "2018/a.json: it was replaced after it was listed" in outcome.err
    assert "stays new" in outcome.err


class HalfRead(NamedTuple):
    """A log of 3 MB of which the first piece was read."""

    path: Path
    store: Folder
    item: StoredObject
    pieces: Iterator[bytes]


@pytest.fixture
def half_read(tmp_path: Path) -> HalfRead:
    path = tmp_path / "logs" / "a.json"
    path.parent.mkdir()
    path.write_text("x" * 3_000_000)
    store = Folder("logs", tmp_path)
    [item] = store.list_objects().objects
    pieces = store.pieces(item)
    next(pieces)
    return HalfRead(path, store, item, pieces)


def test_a_log_that_is_rewritten_while_it_is_read_stays_new(half_read: HalfRead) -> None:
    path, _, _, pieces = half_read
    path.write_text("y" * 3_000_000)
    with pytest.raises(ObjectChangedError, match="replaced after it was listed"):
        list(pieces)


def test_a_log_that_is_cut_while_it_is_read_stays_new(half_read: HalfRead) -> None:
    path, store, item, pieces = half_read
    os.truncate(path, 1_000_000)
    with pytest.raises(ObjectChangedError):
        list(pieces)
    with pytest.raises(ObjectChangedError):
        store.read(item)


def test_logs_that_grow_while_they_are_loaded_again_and_again_end_complete(sparkify: Sparkify) -> None:
    paths = [sparkify.put(f"log_data/{name}.json", lines([event(sessionId=9, itemInSession=9)])) for name in "ab"]
    is_over = threading.Event()

    def write() -> None:
        for number in range(200):
            with paths[number % 2].open("a") as file:
                file.write("\n" + json.dumps(event(sessionId=100, itemInSession=number, userAgent="x" * 1_000)))
            if is_over.wait(0.01):
                return

    writer = threading.Thread(target=write)
    writer.start()
    outcomes: list[Outcome] = [sparkify.etl() for _ in range(3)]
    is_over.set()
    writer.join()
    assert [outcome.exit_code for outcome in outcomes] == [0, 0, 0]
    sparkify.loaded()
    assert_is(sparkify.star(), oracle.warehouse({}, content(sparkify)))
