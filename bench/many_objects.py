"""Count what many song objects cost from the listing to COPY: requests, bytes, seconds and memory, as Markdown tables.

    python bench/many_objects.py [--objects 10000 50000 100000] [--seed 1]

For each number of objects, two processes are started anew: an S3 server on 127.0.0.1 that invents the objects and
counts what it is asked for; and the client, whose memory is measured, in which the program's own code lists, plans,
joins objects into parts, writes them and notes the objects as loaded. Redshift's part is a stub's: the server reads
what a COPY names, and tells how many rows that makes. Ends with 1 when an object takes more than 1.05 GET requests, or
is not copied once and whole.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import re
import resource
import subprocess
import sys
import tempfile
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import md5, sha256
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple, cast
from urllib.parse import parse_qs, unquote, urlsplit
from urllib.request import urlopen

if TYPE_CHECKING:
    pass

MOST_GETS = 1.05
"""GET requests an object."""

KINDS = ("LIST", "GET", "PUT", "POST", "DELETE")
"""Requests as they are counted: POST begins and ends an upload in pieces, DELETE deletes up to 1,000 objects."""

BUCKET, SONGS, WORK = "bench", "song_data/", "work/"
PAGE = 1_000
"""Keys in a page of a listing, which is also S3's limit."""

CONFIG = f"""
[CLUSTER]
HOST = stub
DB_NAME = dev
DB_USER = bench
DB_PASSWORD = bench
[IAM_ROLE]
ARN = arn:aws:iam::123456789012:role/bench
[S3]
LOG_DATA = s3://{BUCKET}/log_data
LOG_JSONPATH = s3://{BUCKET}/log_json_path.json
SONG_DATA = s3://{BUCKET}/{SONGS}
WORK = s3://{BUCKET}/{WORK}
"""

NOUNS = ("Avenue", "Bridge", "Candle", "City", "Comet", "Dance", "Echo", "Fire", "Ghost", "Harbor", "Heart", "Honey")
WORDS = [f"{first}{second}" for first in ("", "Blue ", "Lonely ", "My ", "Paper ", "The ") for second in NOUNS]


def song_keys(count: int, seed: int) -> list[str]:
    """The keys of the catalogue, sorted: in folders by three letters of the name, as the real ones."""
    draw = Random(seed)
    names = ("".join(draw.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ", k=5)) + f"128F{n:07X}" for n in range(count))
    return sorted(f"{SONGS}{name[0]}/{name[1]}/{name[2]}/TR{name}.json" for name in names)


def song(key: str) -> bytes:
    """The object of a key, always the same: about 250 bytes, as in the real catalogue."""
    dice = sha256(key.encode()).digest()
    code, words = dice.hex().upper(), [WORDS[n % len(WORDS)] for n in dice]
    is_placed, has_location, has_year = dice[0] < 90, dice[1] < 140, dice[2] < 170
    record = {
        "artist_id": f"AR{code[:16]}",
        "artist_latitude": round(dice[3] / 3, 5) if is_placed else None,
        "artist_location": ", ".join(words[3 : 4 + dice[4] % 2]) if has_location else "",
        "artist_longitude": round(-dice[5] / 3, 5) if is_placed else None,
        "artist_name": " ".join(words[6 : 7 + dice[6] % 2]),
        "duration": round(120 + dice[7] + dice[8] / 256, 5),
        "num_songs": 1,
        "song_id": f"SO{code[16:32]}",
        "title": " ".join(words[9 : 10 + dice[9] % 2]),
        "year": 1950 + dice[10] // 4 if has_year else 0,
    }
    return json.dumps(record, separators=(",", ":")).encode()


class Request(NamedTuple):
    """A request in HTTP: for a key, with the parts of its query."""

    method: str
    key: str
    query: Mapping[str, str]
    body: bytes


class Bucket:
    """Song objects that are invented when they are asked for, and the objects that the client writes."""

    def __init__(self, count: int, seed: int) -> None:
        self.songs = song_keys(count, seed)
        self.written: dict[str, bytes] = {}
        self.pieces: dict[str, dict[int, bytes]] = {}
        self.requests: Counter[str] = Counter()
        self.sent = 0
        """Bytes of the bodies of answers; likewise of requests:"""
        self.received = 0

    def answer(self, request: Request) -> tuple[int, bytes, str]:
        """Status, body and ETag."""
        if request.key.startswith("/-/"):
            return self._answer_bench(request)
        kind = request.method
        if kind == "GET" and "list-type" in request.query:
            kind, answer = "LIST", (200, self._listed(request.query), "")
        elif kind == "GET":
            answer = self._object(request.key)
        elif kind == "PUT":
            answer = self._write(request)
        elif kind == "POST" and "delete" in request.query:
            kind, answer = "DELETE", self._deleted(request)
        elif kind == "POST":
            answer = self._uploaded(request)
        else:
            answer = (501, b"", "")
        self.requests[kind] += 1
        self.sent += len(answer[1])
        self.received += len(request.body)
        return answer

    def _answer_bench(self, request: Request) -> tuple[int, bytes, str]:
        """What is not S3 and does not count: the counts themselves, and COPY's part."""
        if request.key == "/-/counts":
            told: Any = {"requests": self.requests, "sent": self.sent, "received": self.received}
        else:
            told = self._copied(request.query["url"], is_manifest=request.query["manifest"] == "1")
        return 200, json.dumps(told).encode(), ""

    def _object(self, key: str) -> tuple[int, bytes, str]:
        is_song = key.startswith(SONGS)
        if not is_song and key not in self.written:
            return 404, b"<Error><Code>NoSuchKey</Code></Error>", ""
        content = song(key) if is_song else self.written[key]
        return 200, content, md5(content).hexdigest()

    def _listed(self, query: Mapping[str, str]) -> bytes:
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        keys = self.songs if prefix.startswith(SONGS) else sorted(self.written)
        at = int(query.get("continuation-token") or bisect_left(keys, prefix))
        entries: list[str] = []
        while at < len(keys) and keys[at].startswith(prefix) and len(entries) < PAGE:
            folder, slash, _ = keys[at][len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
            if slash:
                entries.append(f"<CommonPrefixes><Prefix>{prefix}{folder}/</Prefix></CommonPrefixes>")
                at = bisect_left(keys, f"{prefix}{folder}0")  # 0 follows /
                continue
            _, content, etag = self._object(keys[at])
            entries.append(
                f"<Contents><Key>{keys[at]}</Key><LastModified>2018-11-30T00:00:00.000Z</LastModified>"
                f"<ETag>&quot;{etag}&quot;</ETag><Size>{len(content)}</Size></Contents>"
            )
            at += 1
        has_more = at < len(keys) and keys[at].startswith(prefix)
        token = f"<NextContinuationToken>{at}</NextContinuationToken>" if has_more else ""
        text = (
            f'<?xml version="1.0"?><ListBucketResult><Name>{BUCKET}</Name><Prefix>{prefix}</Prefix>'
            f"<KeyCount>{len(entries)}</KeyCount><IsTruncated>{str(has_more).lower()}</IsTruncated>{token}"
        )
        return "".join([text, *entries, "</ListBucketResult>"]).encode()

    def _write(self, request: Request) -> tuple[int, bytes, str]:
        if "uploadId" in request.query:
            self.pieces[request.query["uploadId"]][int(request.query["partNumber"])] = request.body
        else:
            self.written[request.key] = request.body
        return 200, b"", md5(request.body).hexdigest()

    def _uploaded(self, request: Request) -> tuple[int, bytes, str]:
        if "uploads" in request.query:
            upload = str(len(self.pieces))
            self.pieces[upload] = {}
            text = f"<InitiateMultipartUploadResult><UploadId>{upload}</UploadId></InitiateMultipartUploadResult>"
            return 200, text.encode(), ""
        pieces = self.pieces[request.query["uploadId"]]
        self.written[request.key] = b"".join(pieces[number] for number in sorted(pieces))
        text = f'<CompleteMultipartUploadResult><ETag>"{len(pieces)}"</ETag></CompleteMultipartUploadResult>'
        return 200, text.encode(), ""

    def _deleted(self, request: Request) -> tuple[int, bytes, str]:
        keys = re.findall(r"<Key>(.*?)</Key>", request.body.decode())
        for key in keys:
            self.written.pop(key, None)
        deleted = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
        return 200, f"<DeleteResult>{deleted}</DeleteResult>".encode(), ""

    def _copied(self, url: str, *, is_manifest: bool) -> dict[str, Any]:
        """What a COPY would read: its rows, the songs among them as they were, and the sizes of its files."""
        from sparkify.records.compression import unpack

        content = self.written[_key(url)]
        urls = [entry["url"] for entry in json.loads(content)["entries"]] if is_manifest else [url]
        rows, songs, sizes = 0, Counter[str](), []
        for part in urls:
            packed = self.written[_key(part)]
            lines = b"".join(unpack(part, [packed], len(packed))).splitlines()
            sizes.append(len(packed))
            rows += len(lines)
            for record in map(json.loads, lines):
                name = record.pop("source_file", None)
                songs[name] += name is not None and record == json.loads(song(SONGS + name))
        return {"rows": rows, "songs": sum(count == 1 for count in songs.values()), "sizes": sizes}


def _key(url: str) -> str:
    return url.removeprefix(f"s3://{BUCKET}/")


class Connection(asyncio.Protocol):
    """HTTP/1.1 as far as an S3 client needs it; signatures are not looked at."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._received = bytearray()
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        while request := self._next():
            status, body, etag = self._bucket.answer(request)
            head = (
                f'HTTP/1.1 {status} -\r\nContent-Length: {len(body)}\r\nETag: "{etag}"\r\n'
                "Last-Modified: Fri, 30 Nov 2018 00:00:00 GMT\r\n\r\n"
            )
            assert self._transport
            self._transport.write(head.encode() + body)

    def _next(self) -> Request | None:
        if (end := self._received.find(b"\r\n\r\n")) < 0:
            return None
        head = self._received[:end].decode()
        length = re.search(r"^content-length: *(\d+)", head, re.IGNORECASE | re.MULTILINE)
        size = end + 4 + int(length[1] if length else 0)
        if len(self._received) < size:
            return None
        body = bytes(self._received[end + 4 : size])
        del self._received[:size]
        method, target, _ = head.split(" ", 2)
        address = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(address.query, keep_blank_values=True).items()}
        return Request(method, unquote(address.path).removeprefix(f"/{BUCKET}/"), query, body)


def serve(count: int, seed: int) -> None:
    """Answer on a free port, which is printed, until stdin ends: with the process that holds its other end."""

    async def answer() -> None:
        loop, bucket = asyncio.get_running_loop(), Bucket(count, seed)
        server = await loop.create_server(lambda: Connection(bucket), "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
        await loop.run_in_executor(None, sys.stdin.read)

    asyncio.run(answer())


@dataclass
class Counts:
    """What the client did in one step, and the most memory (bytes) that its process has held until then."""

    step: str
    requests: dict[str, int]
    received: int
    sent: int
    seconds: float
    memory: int


@dataclass
class Told:
    """What the client found out."""

    steps: list[Counts]
    listed: int
    planned_again: int
    copies: list[str]
    files: list[dict[str, Any]]


class Stub:
    """What staging needs of the connection; the server says what a COPY would add."""

    name = "redshift"
    place = "redshift://bench"

    def __init__(self, config: Any, address: str) -> None:
        from sparkify.store import Stores

        self.config = config
        self.stores = Stores(config)
        self.cluster = config.cluster
        self.copies: list[str] = []
        self.files: list[dict[str, Any]] = []
        self._address = address

    def run_untranslated(self, sql: str, values: Mapping[str, Any]) -> None:
        if match := re.search(r"^from '(.*)'$", sql, re.MULTILINE):
            self.copies.append(sql)
            is_manifest = int("\nmanifest\n" in sql)
            self.files.append(_told(f"{self._address}/-/copy?url={match[1]}&manifest={is_manifest}"))

    def execute(self, sql: str, values: Mapping[str, Any] | None = None) -> int:
        return 0

    def take_notices(self) -> list[str]:
        """COPY says what it did in the answer to the next query, too."""
        return []

    def query(self, sql: str, values: Mapping[str, Any] | None = None) -> list[tuple[int, ...]]:
        """How many rows the last COPY added."""
        return [(self.files[-1]["rows"],)] if "pg_last_copy_count" in sql else []

    def insert(self, table: str, rows: Sequence[Sequence[Any]]) -> None:
        """Take rows as the engine does when they are many."""
        from sparkify.engines.redshift.copy import copy_rows

        if rows:
            copy_rows(cast(Any, self), cast(Any, self).work, table, rows)


def _told(url: str) -> Any:
    with urlopen(url) as answer:
        return json.load(answer)


def load(address: str, folder: Path) -> Told:
    """The client: what a run does until the songs are staged, step by step."""
    from sparkify import config as configuration
    from sparkify import history, plan
    from sparkify.engines.engine import Source
    from sparkify.engines.redshift import staging
    from sparkify.engines.redshift.work import Work
    from sparkify.engines.staged import BadRecordLimit, Staged
    from sparkify.store import Listing, Stores

    (folder / "dwh.cfg").write_text(CONFIG)
    config = configuration.load(folder / "dwh.cfg", {})
    stub = Stub(config, address)
    steps: list[Counts] = []

    @contextmanager
    def step(name: str) -> Iterator[None]:
        before, started = _told(f"{address}/-/counts"), time.perf_counter()
        yield
        seconds, after = time.perf_counter() - started, _told(f"{address}/-/counts")
        requests = {kind: after["requests"].get(kind, 0) - before["requests"].get(kind, 0) for kind in KINDS}
        received, sent = (after[way] - before[way] for way in ("sent", "received"))
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        steps.append(Counts(name, requests, received, sent, seconds, memory))

    with step("start"):
        songs = Stores(config).open(config.store.song_data)
    with step("list"):
        listings: dict[plan.Kind, Listing] = {"songs": songs.list_objects(), "events": Listing(())}
    with step("plan"):
        batches = plan.make(listings, plan.Loaded(listings), config.batch_size).batches
    source = Source({"songs": songs, "events": Stores(config).open(config.store.log_data)}, {})
    connection = cast(Any, stub)
    connection.work = Work(stub.stores, stub.cluster.work)
    for batch in batches:
        staged = Staged(BadRecordLimit(0))
        with step("join, write parts, COPY"):
            staging.stage(connection, connection.work, batch, source, staged, lambda steps: None, careful=False)
        with step("note as loaded"):
            history.stage_objects(connection, batch, staged)
        with step("clear WORK"):
            connection.work.clear()
    with step("list and plan: nothing new"):
        listed = listings["songs"].objects
        listings["songs"] = songs.list_objects()
        loaded = plan.Loaded(listings)
        for item in listed:
            loaded.add("songs", item.key, item.etag)
        again = plan.make(listings, loaded, config.batch_size)
    return Told(steps, len(listed), len(again.objects), stub.copies, stub.files)


def measure(count: int, seed: int) -> Told:
    """Start the server and the client, and end them."""
    me = [sys.executable, __file__, "--objects", str(count), "--seed", str(seed), "--part"]
    own = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_REGION": "us-east-1"}
    # Where certificates of one's own are named, the program reads by the slower of its two clients.
    foreign = ("AWS_", "DWH_", "REQUESTS_CA_BUNDLE")
    others = {name: text for name, text in os.environ.items() if not name.upper().startswith(foreign)}
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen([*me, "server"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server,
    ):
        assert server.stdin
        assert server.stdout
        try:
            address = f"http://127.0.0.1:{int(server.stdout.readline())}"
            surroundings = others | own | {"AWS_ENDPOINT_URL": address, "NO_PROXY": "127.0.0.1"}
            done = subprocess.run(
                [*me, address, "--folder", folder], env=surroundings, stdout=subprocess.PIPE, text=True, check=True
            )
        finally:
            server.stdin.close()
    told = json.loads(done.stdout)
    return Told(**told | {"steps": [Counts(**step) for step in told["steps"]]})


def show(told: Told) -> bool:
    """Print what was found; whether the objects took no more requests than they may, and all came through once."""
    print(f"\n{told.listed:,} song objects\n")
    print(f"| step | {' | '.join(KINDS)} | received | sent | seconds | most memory |")
    print(f"|---|{'---|' * (len(KINDS) + 4)}")
    for step in told.steps:
        requests = " | ".join(f"{step.requests[kind]:,}" for kind in KINDS)
        amounts = f"{step.received / 1e6:.1f} MB | {step.sent / 1e6:.1f} MB | {step.seconds:.1f}"
        print(f"| {step.step} | {requests} | {amounts} | {step.memory / 1e6:.0f} MB |")
    total = {kind: sum(step.requests[kind] for step in told.steps[:-1]) for kind in KINDS}
    print("\nrequests an object:", ", ".join(f"{total[kind] / told.listed:.5f} {kind}" for kind in KINDS))
    for sql, files in zip(told.copies, told.files, strict=True):
        least, most = min(files["sizes"]) / 1e6, max(files["sizes"]) / 1e6
        sizes = f"of {least:.2f} to {most:.2f} MB" if least < most else f"of {most:.2f} MB"
        print(f"{sql.split(' (')[0]}: {len(files['sizes'])} files {sizes}, {files['rows']:,} rows")
    copied = sum(files["songs"] for files in told.files)
    if copied != told.listed or told.planned_again:
        print(f"{copied:,} of {told.listed:,} songs were copied once and whole, {told.planned_again:,} planned again")
    gets = total["GET"] / told.listed
    if gets > MOST_GETS:
        print(f"{gets:.3f} GET requests an object, and {MOST_GETS} are the most")
    return copied == told.listed and not told.planned_again and gets <= MOST_GETS


def main() -> None:
    parser = argparse.ArgumentParser(description="Count what many song objects cost from the listing to COPY.")
    parser.add_argument("--objects", type=int, nargs="+", default=[100_000], metavar="N", help="default: 100,000")
    parser.add_argument("--seed", type=int, default=1, help="other objects for another seed (default: 1)")
    parser.add_argument("--part", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.part == "server":
        serve(options.objects[0], options.seed)
        return
    if options.part:
        print(json.dumps(asdict(load(options.part, options.folder))))
        return
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    print(f"{platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GB, Python {platform.python_version()}")
    found = [measure(count, options.seed) for count in options.objects]
    shown = [show(told) for told in found]
    if len(found) > 1:
        first, last = found[0], found[-1]
        print("\nmemory for each further object, in bytes:")
        for a, b in zip(first.steps, last.steps, strict=True):
            print(f"- after {a.step!r}: {(b.memory - a.memory) / (last.listed - first.listed):,.0f}")
    sys.exit(0 if all(shown) else 1)


if __name__ == "__main__":
    main()
