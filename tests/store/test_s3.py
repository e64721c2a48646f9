"""S3 for real: a server on this machine that checks signatures and rights, and one before it that fails on demand.

Nothing leaves 127.0.0.1: anything that would is sent to a proxy that is not there.
"""

import http.client
import json
import shutil
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from harness import oracle, reading
from harness.in_s3 import InS3
from harness.records import event, lines, many_events, packed, song
from harness.rows import assert_is
from harness.s3_double import make_quick
from harness.warehouse import Sparkify
from redshift_stand_in.ports import free_port
from redshift_stand_in.s3_server import Keys, Server
from sparkify.sample import write_sample
from sparkify.store import Listing
from sparkify.store.folder import Folder


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{free_port()}")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.setenv(name, "127.0.0.1")


@pytest.fixture
def bucket(s3_server: Server, no_network: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> InS3:
    """A warehouse beside a bucket with a log and a song, and in the environment the keys to the bucket."""
    make_quick(monkeypatch)
    made = InS3(tmp_path / "sparkify", s3_server)
    made.with_tables()
    made.put("log_data/2018/11/a.json", lines([event()]))
    made.put("song_data/A/a.json", lines([song()]))
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server.endpoint)
    use(monkeypatch, s3_server.loader)
    return made


def use(monkeypatch: pytest.MonkeyPatch, keys: Keys) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", keys.key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", keys.secret)


# ---------------------------------------------------------------- loading


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bucket folder with more objects than a page of a listing holds, packed and not, and what is no data."""
    folder = tmp_path_factory.mktemp("sample")
    write_sample(folder, songs=1_050, events=3_000, seed=5)
    logs = sorted((folder / "log_data").rglob("*.json"))
    for path, ending in zip(logs, ["", ".gz", ".zst"] * len(logs), strict=False):
        content = path.read_bytes()
        path.unlink()
        path.with_name(path.name + ending).write_bytes(packed(ending, content))
    large = folder / "log_data" / "2018" / "12" / "large.json"
    large.parent.mkdir()
    large.write_text("\n".join(many_events(100_000)))
    packed_large = large.with_name("large.json.gz")
    packed_large.write_bytes(packed(packed_large.name, "\n".join(many_events(100_000, ts=1))))
    old = folder / "log_data_old" / "2018"
    old.mkdir(parents=True)
    (old / "old.json").write_text(lines([event(userId="never", ts=2)]))
    (folder / "log_data.json").write_text(lines([event(userId="never", ts=3)]))
    shutil.copy(folder / "log_json_path.json", folder / "log_data" / "log_json_path.json")
    (folder / "log_data" / "2018" / "README.md").write_text("no data")
    return folder


def test_a_load_from_s3_makes_the_warehouse_that_a_load_from_the_folder_makes(
    sample: Path, bucket: InS3, tmp_path: Path
) -> None:
    bucket.remove("log_data/2018/11/a.json")
    bucket.remove("song_data/A/a.json")
    bucket.put_all(sample)
    for marker in ("log_data/", "log_data/2018/", "song_data/A/"):
        bucket.put(marker, "")
    bucket.loaded()

    from_folder = Sparkify(tmp_path / "from-folder").created()
    from_folder.configure(store=str(sample))
    from_folder.loaded()

    assert_is(bucket.star(), from_folder.star())
    assert len(set(bucket.history())) == 1_050 + 30 + 2 + 1, (
        "songs, logs, large logs and a JSONPaths file without records"
    )
    songs = reading.read_objects(sample, "song_data")
    assert len(bucket.star()["songs"]) == len({record["song_id"] for [record] in songs.values()})
    checked = bucket.command("check")
    assert checked.exit_code == 0, checked.err
    assert bucket.loaded().out.startswith("nothing new: all 1,083 objects are loaded")


SPECIAL = ["día 1.json", "a+b.json", "100%.json", "a%20b.json", "x & y (1), 'z'!.json", "a=b;c@d$.json", "日本.json"]
SPECIAL += ["a#b.json", "a?b.json", "a~b.json", "[1]*.json", 'say "no".json', "<1>.json", "a\\b.json", "a|b^c`.json"]


def special_objects() -> dict[str, list[str]]:
    """A small and a large log of each name, as lines by their keys."""
    small = {f"log_data/{name}": [lines([event(ts=1)])] for name in SPECIAL}
    return small | {f"log_data/{name[:-5]}-large.json": many_events(70_000, ts=2) for name in SPECIAL}


def test_an_object_in_s3_may_have_any_name(bucket: InS3) -> None:
    objects = special_objects()
    for key, records in objects.items():
        bucket.put(key, "\n".join(records))
    bucket.loaded()
    counts = {key: (len(records), len(records), 0) for key, records in objects.items()}
    assert {key: counts_ for key, counts_ in bucket.history().items() if key in objects} == counts


def test_a_file_in_a_folder_may_have_any_name(sparkify: Sparkify) -> None:
    objects = special_objects()
    for key, records in objects.items():
        sparkify.put(key, "\n".join(records))
    sparkify.loaded()
    assert sparkify.history() == {key: (len(records), len(records), 0) for key, records in objects.items()}


def test_an_object_put_again_as_it_was_is_not_loaded_again(bucket: InS3) -> None:
    bucket.loaded()
    bucket.put("log_data/2018/11/a.json", lines([event()]))
    assert bucket.loaded().out.startswith("nothing new")


def test_a_song_object_put_again_with_another_content_replaces_its_rows(bucket: InS3) -> None:
    bucket.loaded()
    bucket.put("song_data/A/a.json", lines([song(song_id="SO2", title="Hello again")]))
    bucket.loaded()
    expected = oracle.warehouse({"a": [song(song_id="SO2", title="Hello again")]}, [event()])
    assert_is(bucket.star(), expected)


def test_a_prefix_may_end_in_a_slash(bucket: InS3) -> None:
    config = bucket.config
    config.write_text(
        config.read_text().replace("/log_data\n", "/log_data/\n").replace("/song_data\n", "/song_data/\n")
    )
    bucket.loaded()
    assert set(bucket.history()) == {"log_data/2018/11/a.json", "song_data/A/a.json"}


@pytest.mark.parametrize("slash", ["", "/"])
def test_songs_may_lie_in_a_bucket_of_their_own(slash: str, bucket: InS3) -> None:
    songs = bucket.server.new_bucket()
    bucket.s3.put_object(Bucket=songs, Key="A/b.json", Body=lines([song()]))
    bucket.s3.put_object(Bucket=songs, Key="c.json", Body=lines([song(song_id="SO2")]))
    config = bucket.config
    config.write_text(config.read_text().replace(f"{bucket.store}/song_data", f"s3://{songs}{slash}"))
    bucket.loaded()
    names = {name for (name,) in bucket.query("select object from load_history")}
    assert names == {f"{bucket.store}/log_data/2018/11/a.json", f"s3://{songs}/A/b.json", f"s3://{songs}/c.json"}


def test_a_dry_run_reads_the_listing_and_no_object(bucket: InS3, proxy: "Proxy") -> None:
    outcome = bucket.etl("--dry-run")
    assert outcome.exit_code == 0, outcome.err
    assert f"{bucket.store}/log_data/2018/11/a.json" in outcome.out
    assert "2 objects" in outcome.out
    assert not {key for key in proxy.asked if key.endswith("a.json")}


# ---------------------------------------------------------------- credentials


def test_credentials_come_from_a_profile_of_the_credentials_file(
    bucket: InS3, s3_server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    credentials = tmp_path / "credentials"
    right = f"aws_access_key_id = {s3_server.loader.key}\naws_secret_access_key = {s3_server.loader.secret}\n"
    wrong = "aws_access_key_id = AKIA0000000000000000\naws_secret_access_key = wrong\n"
    credentials.write_text(f"[default]\n{wrong}[sparkify]\n{right}")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(credentials))

    bucket.refused(3, "access denied")
    monkeypatch.setenv("AWS_PROFILE", "sparkify")
    bucket.loaded()


def test_credentials_come_from_the_configuration_with_a_warning(
    bucket: InS3, s3_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    section = f"[AWS]\nKEY = {s3_server.loader.key}\nSECRET = '{s3_server.loader.secret}'"
    bucket.configure(more=section)
    outcome = bucket.loaded()
    assert "warning: [AWS] KEY and SECRET" in outcome.err
    assert "a profile or a role is safer" in outcome.err
    assert s3_server.loader.secret not in outcome.err + outcome.out


@pytest.mark.parametrize(("key", "missing"), [("KEY", "SECRET"), ("SECRET", "KEY")])
def test_half_of_an_access_key_in_the_configuration_is_refused(key: str, missing: str, bucket: InS3) -> None:
    bucket.configure(more=f"[AWS]\n{key} = half")
    bucket.refused(3, bucket.store, f"Partial credentials found in [AWS] of dwh.cfg, missing: {missing}")


def test_a_bucket_that_refuses_unsigned_requests_says_how_to_give_credentials(
    bucket: InS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    bucket.refused(3, bucket.store, "no AWS credentials were found", "AWS_PROFILE", "AWS_ACCESS_KEY_ID")


def test_a_profile_that_is_not_there_is_named(bucket: InS3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "sparkifi")
    bucket.refused(3, bucket.store, "AWS_PROFILE", "sparkifi")


@pytest.mark.parametrize("is_key_known", [True, False])
def test_a_wrong_key_is_denied(
    is_key_known: bool, bucket: InS3, s3_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = Keys(s3_server.loader.key if is_key_known else "AKIA0000000000000000", "wrong-secret")
    use(monkeypatch, wrong)
    bucket.refused(3, f"{bucket.store}/", "access denied", "check the credentials")
    assert "wrong-secret" not in bucket.etl().err


# ---------------------------------------------------------------- what is not there or not allowed


def test_a_bucket_that_is_not_there_is_named(bucket: InS3) -> None:
    bucket.configure(store="s3://no-such-bucket")
    bucket.refused(3, "s3://no-such-bucket", "is not there", "[S3]")


def test_a_jsonpaths_file_that_is_not_there_is_named(bucket: InS3) -> None:
    bucket.remove("log_json_path.json")
    bucket.refused(3, f"{bucket.store}/log_json_path.json: is not there", "[S3]")


def test_a_data_bucket_that_is_not_there_is_named(bucket: InS3) -> None:
    config = bucket.config
    config.write_text(config.read_text().replace(f"{bucket.store}/song_data", "s3://no-such-bucket/song_data"))
    bucket.refused(3, "s3://no-such-bucket/song_data", "is not there", "[S3]")


def test_an_object_that_may_not_be_read_is_named(bucket: InS3) -> None:
    bucket.put("log_data/forbidden.json", lines([event(ts=1)]))
    bucket.refused(3, f"{bucket.store}/log_data/forbidden.json", "access denied")


def test_a_large_object_that_may_not_be_read_is_named(bucket: InS3) -> None:
    bucket.put("log_data/forbidden.json", "\n".join(many_events(70_000)))
    bucket.refused(3, f"{bucket.store}/log_data/forbidden.json", "access denied")


def test_a_bucket_that_may_not_be_listed_is_named(
    bucket: InS3, s3_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(monkeypatch, s3_server.reader)
    bucket.refused(3, f"{bucket.store}/song_data", "access denied", "list the bucket")


@pytest.mark.parametrize("size", [1, 70_000])
def test_an_object_that_vanishes_between_the_listing_and_the_reading_is_named(
    size: int, bucket: InS3, proxy: "Proxy"
) -> None:
    bucket.put("log_data/b.json", "\n".join(many_events(size, ts=1)))

    def vanish(key: str, tries: int) -> None:
        if key == f"{bucket.bucket_name}/log_data/b.json":
            bucket.remove("log_data/b.json")

    proxy.fault = vanish
    bucket.refused(3, f"{bucket.store}/log_data/b.json: is not there", "run again")
    bucket.loaded()
    assert set(bucket.history()) == {"log_data/2018/11/a.json", "song_data/A/a.json"}


@pytest.mark.parametrize("size", [1, 70_000])
def test_a_file_that_vanishes_between_the_listing_and_the_reading_is_named(
    size: int, sparkify: Sparkify, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = sparkify.put("log_data/b.json", "\n".join(many_events(size)))
    list_objects = Folder.list_objects

    def list_then_vanish(folder: Folder, since: date | None) -> Listing:
        listing = list_objects(folder, since)
        if any(item.key == path.name for item in listing.objects):
            path.unlink()
        return listing

    monkeypatch.setattr(Folder, "list_objects", list_then_vanish)
    sparkify.refused(3, "bucket/log_data/b.json: is not there", "run again")


def test_a_refusal_is_a_sentence_and_shows_no_markup(bucket: InS3, proxy: "Proxy") -> None:
    proxy.fault = lambda key, tries: 403
    message = bucket.etl().err
    assert "access denied" in message
    assert "<" not in message


# ---------------------------------------------------------------- a network and a server that fail


class Proxy(ThreadingHTTPServer):
    """A server before the S3 server that passes requests on, save those for which `fault` knows better.

    `fault(key, tries)` returns a status to answer with, or `"cut"` to send half of the true answer and hang up; `tries`
    counts the requests for the same key, this one included. The key of a listing is its bucket and `?`.
    """

    daemon_threads = True
    block_on_close = False

    def __init__(self, server: Server) -> None:
        super().__init__(("127.0.0.1", 0), Passing)
        self.behind = server
        self.asked: Counter[str] = Counter()
        self.fault: Callable[[str, int], int | str | None] = lambda key, tries: None
        self._lock = threading.Lock()

    def count(self, key: str) -> int:
        with self._lock:
            self.asked[key] += 1
            return self.asked[key]


class Passing(BaseHTTPRequestHandler):
    """Passes one request on."""

    protocol_version = "HTTP/1.1"
    server: Proxy

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        key = unquote(address.path).strip("/") + ("?" if "list-type" in address.query else "")
        fault = self.server.fault(key, self.server.count(key))
        if isinstance(fault, int):
            self.answer(fault, {}, b"<Error><Code>Trouble</Code><Message>please wait</Message></Error>")
            return
        behind = http.client.HTTPConnection("127.0.0.1", self.server.behind.port)
        behind.request("GET", self.path, headers=dict(self.headers))
        response = behind.getresponse()
        self.answer(response.status, dict(response.getheaders()), response.read(), is_cut=fault == "cut")
        behind.close()

    def answer(self, status: int, headers: dict[str, str], content: bytes, *, is_cut: bool = False) -> None:
        self.send_response(status)
        for name, value in headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content[: len(content) // 2] if is_cut else content)
        self.close_connection = self.close_connection or is_cut

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def proxy(bucket: InS3, s3_server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    """The server before the S3 server, through which the bucket is now reached."""
    with Proxy(s3_server) as proxy:
        threading.Thread(target=proxy.serve_forever, args=(0.05,), daemon=True).start()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{proxy.server_port}")
        yield proxy
        proxy.shutdown()


@pytest.mark.parametrize("status", [500, 503])
def test_a_request_that_fails_for_a_while_is_tried_again(status: int, bucket: InS3, proxy: Proxy) -> None:
    proxy.fault = lambda key, tries: status if tries <= 2 else None
    bucket.loaded()
    assert set(bucket.history()) == {"log_data/2018/11/a.json", "song_data/A/a.json"}
    assert proxy.asked[f"{bucket.bucket_name}/log_data/2018/11/a.json"] == 3
    assert proxy.asked[f"{bucket.bucket_name}/log_json_path.json"] == 3


@pytest.mark.parametrize("size", [1_000, 70_000, 1_000_000])
def test_an_answer_that_breaks_off_is_read_to_its_end_all_the_same(size: int, bucket: InS3, proxy: Proxy) -> None:
    content = many_events(size, ts=1)
    bucket.put("log_data/b.json", "\n".join(content))
    proxy.fault = lambda key, tries: "cut" if key.endswith("log_data/b.json") and tries == 1 else None
    bucket.loaded()
    assert_is(bucket.star(), oracle.warehouse({"a": [song()]}, [event(), *map(json.loads, content)]))


@pytest.mark.parametrize(
    "failing", ["log_json_path.json", "?", "log_data/2018/11/a.json", "song_data/A/a.json", "log_data/large.json"]
)
def test_a_request_that_fails_for_ever_ends_the_run_after_some_tries(failing: str, bucket: InS3, proxy: Proxy) -> None:
    bucket.put("log_data/large.json", "\n".join(many_events(70_000)))
    proxy.fault = lambda key, tries: 503 if key.endswith(failing) else None
    place = f"{bucket.store}/" if failing == "?" else f"{bucket.store}/{failing}"
    bucket.refused(3, place, "the store cannot be used", "503")
    tried = [tries for key, tries in proxy.asked.items() if key.endswith(failing)]
    assert max(tried) > 2


def test_a_store_that_can_not_be_reached_ends_the_run(bucket: InS3, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    bucket.refused(3, f"{bucket.store}/", "the store cannot be used", "AWS_ENDPOINT_URL", "network")


def test_an_endpoint_of_s3_alone_goes_before_the_general_one(
    bucket: InS3, s3_server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", s3_server.endpoint)
    bucket.loaded()


def test_what_was_committed_before_the_store_failed_stays_and_the_next_run_loads_the_rest(
    bucket: InS3, proxy: Proxy
) -> None:
    bucket.put("log_data/2018/11/b.json", lines([event(ts=1)]))
    bucket.configure(BATCH_SIZE="1 B")
    proxy.fault = lambda key, tries: 503 if key.endswith("/b.json") else None
    outcome = bucket.etl()
    assert outcome.exit_code == 3
    assert "(batches: 2)" in outcome.err.splitlines()[-1]
    assert set(bucket.history()) == {"log_data/2018/11/a.json", "song_data/A/a.json"}

    proxy.fault = lambda key, tries: None
    bucket.loaded()
    assert_is(bucket.star(), oracle.warehouse({"a": [song()]}, [event(), event(ts=1)]))
