"""Every request to S3 fails in every manner, and the warehouse holds what its load history says, and no more."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

import sparkify.store.s3.clients
from harness import oracle
from harness.program import Outcome
from harness.records import JSONPATHS, event, lines, many_events, song
from harness.rows import assert_is
from harness.s3_double import Answer, Request, S3Double, error, etag, served
from harness.warehouse import Sparkify

JSONPATHS_FILE = "log_json_path.json"
SONGS = {
    "song_data/a.json": [song()],
    "song_data/b.json": [song(song_id="SO2", artist_id="AR2", title="Skyfall", artist_name="Bo")],
}
LOGS = {
    "log_data/a.json": [event(ts=1)],
    "log_data/large.json": [json.loads(line) for line in many_events(70_000)],
}
CONTENTS = {key: lines(records).encode() for key, records in (SONGS | LOGS).items()}
MORE = {"song_data": lines([song(song_id="SO3", title="More")]), "log_data": lines([event(ts=2, sessionId=7)])}


def grown(key: str, content: bytes) -> bytes:
    """A content with one more record at its end."""
    return content + f"\n{MORE.get(key.partition('/')[0], ' ')}".encode()


def with_body(answer: Answer, body: bytes) -> Answer:
    return Answer(answer.status, answer.headers, body)


def shorter(server: S3Double, request: Request) -> Answer:
    right = server.answer(request)
    end = right.body.find(b"\n") if right.body.count(b"\n") > 5 else len(right.body) // 2
    return with_body(right, right.body[:end])


def longer(server: S3Double, request: Request) -> Answer:
    right = server.answer(request)
    return with_body(right, grown(request.key, right.body))


def other_version(server: S3Double, request: Request) -> Answer:
    """An object is another than listed, for any version that was asked for; a listing names older versions."""
    if request.is_list:
        return server.listing(request, dict.fromkeys(CONTENTS, '"0123456789abcdef0123456789abcdef"'))
    return served(request, grown(request.key, server.buckets[request.bucket][request.key]), ignores_if_match=True)


def silent(server: S3Double, request: Request) -> Answer:
    right = server.answer(request)
    return Answer(right.status, right.headers, right.body, sent=len(right.body) // 2, is_silent=True)


MANNERS: dict[str, Callable[[S3Double, Request], Answer]] = {
    "500": lambda server, request: error(500, "InternalError"),
    "403": lambda server, request: error(403, "AccessDenied"),
    "404": lambda server, request: error(404, "NoSuchKey"),
    "reset": lambda server, request: Answer(is_reset=True),
    "short": shorter,
    "long": longer,
    "other version": other_version,
    "stall": silent,
}


@dataclass
class Loader:
    """A warehouse that loads from the server, and is empty again when that is wanted."""

    sparkify: Sparkify
    server: S3Double
    empty: bytes

    def clear(self) -> None:
        self.sparkify.database.write_bytes(self.empty)

    def history(self) -> dict[str, tuple[str, int]]:
        rows = self.sparkify.query("select object, etag, size from load_history")
        return {name.removeprefix("s3://music/"): (tag, size) for name, tag, size in rows}

    def run(self, fails: Callable[[Request], bool], manner: Callable[[S3Double, Request], Answer]) -> Outcome:
        self.server.forget()
        self.server.hook = lambda request: manner(self.server, request) if fails(request) else None
        return self.sparkify.etl()

    def require_sound(self, outcome: Outcome) -> set[str]:
        """The loaded objects, after it is made sure that they are loaded as listed and all others are spoken of."""
        history = self.history()
        assert history == {key: (etag(CONTENTS[key]), len(CONTENTS[key])) for key in history}
        events = [record for key, records in LOGS.items() if key in history for record in records]
        songs = {key: records for key, records in SONGS.items() if key in history}
        assert_is(self.sparkify.star(), oracle.warehouse(songs, events))
        assert outcome.exit_code in (0, 2, 3), outcome.err
        if outcome.exit_code:
            assert outcome.err.splitlines()[-1] == "nothing was changed"
            assert not history
        else:
            for key in CONTENTS.keys() - history:
                assert re.search(rf"warning: s3://music/{key}: .*stays new", outcome.err), outcome.err
        return {*history}


@pytest.fixture
def loader(sparkify: Sparkify, double: S3Double, monkeypatch: pytest.MonkeyPatch) -> Loader:
    double.buckets["music"] = {JSONPATHS_FILE: JSONPATHS.encode(), **CONTENTS}
    sparkify.configure(store="s3://music")
    monkeypatch.setattr(sparkify_s3, "ATTEMPTS", 2)
    monkeypatch.setattr(sparkify_s3, "READING_THREADS", 1)
    return Loader(sparkify, double, sparkify.database.read_bytes())


sparkify_s3 = sparkify.store.s3.clients


@pytest.mark.parametrize("is_forever", [False, True], ids=["once", "from then on"])
@pytest.mark.parametrize("manner", MANNERS)
def test_whichever_request_fails_only_what_was_listed_is_loaded_and_the_next_run_loads_the_rest(
    manner: str, is_forever: bool, loader: Loader, monkeypatch: pytest.MonkeyPatch
) -> None:
    if manner == "stall":
        monkeypatch.setattr(sparkify_s3, "READ_TIMEOUT", 0.3)
    recovered: list[tuple[int, set[str]]] = []
    number, has_failed = 0, True
    while has_failed:
        number += 1
        loader.clear()
        outcome = loader.run(
            lambda request, n=number: request.number >= n if is_forever else request.number == n,  # type: ignore[misc]
            MANNERS[manner],
        )
        has_failed = len(loader.server.requests) >= number
        left = outcome.exit_code, loader.require_sound(outcome)
        if left not in recovered:
            recovered.append(left)
            again = loader.run(lambda request: False, MANNERS[manner])
            assert again.exit_code == 0, again.err
            assert loader.require_sound(again) == {*CONTENTS}
    assert number > len(CONTENTS) + 3, "the JSONPaths file, two listings and every object were asked for"


@pytest.mark.parametrize("key", CONTENTS)
@pytest.mark.parametrize("manner", ["short", "long", "other version"])
def test_an_object_that_is_another_than_listed_stays_new_and_stops_no_other(
    manner: str, key: str, loader: Loader
) -> None:
    outcome = loader.run(lambda request: request.key == key, MANNERS[manner])
    assert outcome.exit_code == 0, outcome.err
    assert loader.require_sound(outcome) == CONTENTS.keys() - {key}


@pytest.mark.parametrize("key", CONTENTS)
def test_an_object_that_is_replaced_after_the_listing_is_loaded_by_the_next_run(key: str, loader: Loader) -> None:
    objects = loader.server.buckets["music"]

    def replace(request: Request) -> bool:
        if request.key == key:
            objects[key] = grown(key, CONTENTS[key])
        return False

    outcome = loader.run(replace, shorter)
    assert outcome.exit_code == 0, outcome.err
    assert loader.require_sound(outcome) == CONTENTS.keys() - {key}
    loader.sparkify.loaded()
    assert loader.history()[key] == (etag(objects[key]), len(objects[key]))


def test_a_large_object_that_is_replaced_while_it_is_read_on_stays_new(loader: Loader) -> None:
    def cut_then_replaced(server: S3Double, request: Request) -> Answer | None:
        if request.tries == 1:
            right = server.answer(request)
            return Answer(right.status, right.headers, right.body, sent=len(right.body) // 2)
        server.buckets["music"][request.key] = grown(request.key, CONTENTS[request.key])
        return None

    loader.server.hook = lambda request: (
        cut_then_replaced(loader.server, request) if request.key == "log_data/large.json" else None
    )
    outcome = loader.sparkify.etl()
    assert outcome.exit_code == 0, outcome.err
    assert loader.require_sound(outcome) == CONTENTS.keys() - {"log_data/large.json"}


# ---------------------------------------------------------------- listings that are none


def listing(entries: str = "", *, token: str = "", is_truncated: bool = False) -> Answer:
    """An answer to a listing, word by word."""
    next_token = f"<NextContinuationToken>{token}</NextContinuationToken>" if token else ""
    text = f"<IsTruncated>{str(is_truncated).lower()}</IsTruncated>{next_token}{entries}"
    return Answer(200, {"Content-Type": "application/xml"}, f"<ListBucketResult>{text}</ListBucketResult>".encode())


def entry(key: str) -> str:
    content = CONTENTS[key]
    return f"<Contents><Key>{key}</Key><ETag>{etag(content)}</ETag><Size>{len(content)}</Size></Contents>"


URL = "<EncodingType>url</EncodingType>"
"""What makes botocore decode the keys of a page."""

NO_LISTINGS = {
    "an XML error": Answer(200, {}, error(200, "InternalError", "We encountered an error.").body),
    "an XML error about access": Answer(200, {}, error(200, "AccessDenied").body),
    "a page of HTML": Answer(200, {"Content-Type": "text/html"}, b"<html><body>Log in</body></html>"),
    "a page of HTML with open tags": Answer(200, {"Content-Type": "text/html"}, b"<!doctype html><p>Log in<br>"),
    "JSON": Answer(200, {"Content-Type": "application/json"}, b'{"error": "not S3"}'),
    "nothing": Answer(200, {}, b""),
    "truncated XML": Answer(200, {}, listing(entry("log_data/a.json")).body[:-30]),
    "a list of buckets": Answer(200, {}, b"<ListAllMyBucketsResult><Buckets/></ListAllMyBucketsResult>"),
    "an object without a key": listing(f"{URL}<Contents><Size>3</Size></Contents>"),
    "a folder without a name": listing(f"{URL}<CommonPrefixes></CommonPrefixes>"),
    "an object of -3 bytes": listing("<Contents><Key>log_data/a.json</Key><Size>-3</Size></Contents>"),
    "a truncated page without a token": listing(entry("log_data/a.json"), is_truncated=True),
    "the same token again and again": listing(entry("log_data/a.json"), is_truncated=True, token="one"),
    "empty pages without end": listing(is_truncated=True, token="one"),
}


@pytest.mark.parametrize("what", NO_LISTINGS)
def test_an_answer_that_is_no_whole_listing_ends_the_run(what: str, loader: Loader) -> None:
    def answer(request: Request) -> Answer | None:
        is_asked = request.is_list and request.query["prefix"].startswith("log_data")
        return NO_LISTINGS[what] if is_asked and request.number < 60 else None

    loader.server.hook = answer
    outcome = loader.sparkify.etl()
    assert outcome.exit_code == 3, outcome.err
    assert len(loader.server.requests) < 60, "it is asked without end"
    *_, text, last = outcome.err.splitlines()
    assert text.startswith("error: s3://music/log_data")
    assert last == "nothing was changed"
    assert "<" not in text


def test_a_key_that_is_listed_twice_is_loaded_once(loader: Loader) -> None:
    pages = {
        "": listing(entry("log_data/a.json") * 2 + entry("log_data/large.json"), is_truncated=True, token="two"),
        "two": listing(entry("log_data/a.json") + entry("log_data/large.json")),
    }
    loader.server.hook = lambda request: (
        pages[request.query.get("continuation-token", "")]
        if request.is_list and request.query["prefix"] == "log_data/"
        else None
    )
    outcome = loader.sparkify.loaded()
    assert loader.require_sound(outcome) == {*CONTENTS}


def test_a_listing_of_many_pages_is_read_to_its_end(loader: Loader) -> None:
    loader.server.page_size = 1
    assert loader.require_sound(loader.sparkify.loaded()) == {*CONTENTS}
