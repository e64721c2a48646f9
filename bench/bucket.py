"""An S3 server on 127.0.0.1 that invents songs and logs, and counts what it is asked for.

A bench starts it in a process of its own, by `python bench/bucket.py SONGS LOGS SEED`, and looks at its counts.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from hashlib import md5, sha256
from random import Random
from typing import Any, NamedTuple, cast
from urllib.parse import parse_qs, unquote, urlsplit
from urllib.request import urlopen

from measuring import clean_environment

from sparkify.sample import JSONPATHS

KINDS = ("LIST", "GET", "PUT", "POST", "DELETE")
"""Requests as they are counted: POST begins and ends an upload in pieces, DELETE deletes up to 1,000 objects."""

BUCKET, SONGS, LOGS, WORK = "bench", "song_data/", "log_data/", "work/"
JSONPATHS_KEY = "log_json_path.json"

PAGE = 1_000
"""Keys in a page of a listing, which is also S3's limit."""

LAST_HOUR = datetime(2018, 11, 30, 23)

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


def log_keys(count: int) -> list[str]:
    """The keys of hourly logs, sorted; the last is of `LAST_HOUR`."""
    hours = (LAST_HOUR - timedelta(hours=n) for n in range(count))
    return sorted(f"{LOGS}{hour:%Y/%m/%Y-%m-%d-%H}-events.json" for hour in hours)


def content_of(key: str) -> bytes:
    """The content of a song or a log; that of a log is never read, and only tells one from the other."""
    return song(key) if key.startswith(SONGS) else key.encode()


class Request(NamedTuple):
    """A request in HTTP: for a key, with the parts of its query."""

    method: str
    key: str
    query: Mapping[str, str]
    body: bytes


class Bucket:
    """Songs that are invented when they are asked for, logs that are only listed, and what the client writes.

    What a listing says of songs and logs is made before the first request, so that the client waits little for it.
    """

    def __init__(self, songs: int, logs: int, seed: int) -> None:
        self.lasting = {SONGS: song_keys(songs, seed), LOGS: log_keys(logs)}
        self.entries = {top: [_entry(key, content_of(key)) for key in keys] for top, keys in self.lasting.items()}
        self.written = {JSONPATHS_KEY: JSONPATHS.encode()}
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
        top = f"{prefix.partition('/')[0]}/"
        if keys := self.lasting.get(top, []):
            made = self.entries[top]
        else:
            keys = sorted(self.written)
            made = [_entry(key, self.written[key]) for key in keys]
        at = int(query.get("continuation-token") or bisect_left(keys, prefix))
        entries: list[str] = []
        while at < len(keys) and keys[at].startswith(prefix) and len(entries) < PAGE:
            folder, slash, _ = keys[at][len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
            if slash:
                entries.append(f"<CommonPrefixes><Prefix>{prefix}{folder}/</Prefix></CommonPrefixes>")
                at = bisect_left(keys, f"{prefix}{folder}0")  # 0 follows /
                continue
            entries.append(made[at])
            at += 1
        has_more = at < len(keys) and keys[at].startswith(prefix)
        token = f"<NextContinuationToken>{at}</NextContinuationToken>" if has_more else ""
        encoding = "<EncodingType>url</EncodingType>" if "encoding-type" in query else ""
        text = (
            f'<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>{BUCKET}'
            f"</Name><Prefix>{prefix}</Prefix><KeyCount>{len(entries)}</KeyCount><MaxKeys>{PAGE}</MaxKeys>{encoding}"
            f"<IsTruncated>{str(has_more).lower()}</IsTruncated>{token}"
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


def _entry(key: str, content: bytes) -> str:
    """What a listing says of an object, as S3 says it today."""
    return (
        f"<Contents><Key>{key}</Key><LastModified>2018-11-30T00:00:00.000Z</LastModified>"
        f"<ETag>&quot;{md5(content).hexdigest()}&quot;</ETag><ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm>"
        f"<ChecksumType>FULL_OBJECT</ChecksumType><Size>{len(content)}</Size><StorageClass>STANDARD</StorageClass>"
        "</Contents>"
    )


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


def serve(songs: int, logs: int, seed: int) -> None:
    """Answer on a free port, which is printed, until stdin ends: with the process that holds its other end."""

    async def answer() -> None:
        loop, bucket = asyncio.get_running_loop(), Bucket(songs, logs, seed)
        server = await loop.create_server(lambda: Connection(bucket), "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
        await loop.run_in_executor(None, sys.stdin.read)

    asyncio.run(answer())


class Server(NamedTuple):
    """A server that runs in a process of its own."""

    address: str

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which a client finds it."""
        keys = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_REGION": "us-east-1"}
        return clean_environment() | keys | {"AWS_ENDPOINT_URL": self.address, "NO_PROXY": "127.0.0.1"}

    def ask(self, what: str) -> Any:
        """What it tells of itself."""
        with urlopen(f"{self.address}/-/{what}") as answer:
            return json.load(answer)


@contextmanager
def running(songs: int, *, logs: int = 0, seed: int = 1) -> Iterator[Server]:
    """A server of so many songs and logs, until the block ends."""
    command = [sys.executable, __file__, str(songs), str(logs), str(seed)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin
        assert process.stdout
        try:
            yield Server(f"http://127.0.0.1:{int(process.stdout.readline())}")
        finally:
            process.stdin.close()


if __name__ == "__main__":
    serve(*map(int, sys.argv[1:]))
