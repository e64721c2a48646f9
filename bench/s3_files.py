"""Serve a folder as a bucket of S3 on 127.0.0.1, only to be read, at as little cost to the machine as Python allows.

    python bench/s3_files.py FOLDER    prints its port; ends when its stdin does

Every object is in memory as the whole answer to a GET, and an answer to a listing is made once: what remains for each
request is to find its first line in a dict. Signatures and headers are not looked at.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import md5
from pathlib import Path
from typing import cast
from urllib.parse import parse_qs, quote, urlsplit

BUCKET = "bench"
PAGE = 1_000
"""Keys in a page of a listing, which is also S3's limit."""


class Bucket:
    """The answers to all requests."""

    def __init__(self, folder: Path) -> None:
        self._entries: dict[str, str] = {}
        self._answers: dict[bytes, bytes] = {}
        """By the first line of the request."""
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            key, content = path.relative_to(folder).as_posix(), path.read_bytes()
            etag = md5(content).hexdigest()
            self._entries[key] = (
                f"<Contents><Key>{key}</Key><LastModified>2018-11-30T00:00:00.000Z</LastModified>"
                f"<ETag>&quot;{etag}&quot;</ETag><Size>{len(content)}</Size></Contents>"
            )
            self._answers[f"GET /{BUCKET}/{quote(key)} HTTP/1.1".encode()] = _answer(content, etag)
        self._keys = sorted(self._entries)

    def answer(self, line: bytes) -> bytes:
        """The answer to the request with this first line."""
        if line not in self._answers:
            method, target, _ = line.decode().split(" ")
            if method != "GET" or urlsplit(target).path.strip("/") != BUCKET:
                return b"HTTP/1.1 404 -\r\nContent-Length: 0\r\n\r\n"
            self._answers[line] = _answer(self._listing(urlsplit(target).query))
        return self._answers[line]

    def _listing(self, query: str) -> bytes:
        """A page of ListObjectsV2; its continuation token is the last key or folder of the page before."""
        options = {name: values[0] for name, values in parse_qs(query).items()}
        prefix, delimiter = options.get("prefix", ""), options.get("delimiter", "")
        last, entries = options.get("continuation-token", ""), list[str]()
        while (key := self._next(prefix, last)) and len(entries) < PAGE:
            folder, slash, _ = key[len(prefix) :].partition(delimiter) if delimiter else ("", "", "")
            last = f"{prefix}{folder}/" if slash else key
            is_folder = f"<CommonPrefixes><Prefix>{last}</Prefix></CommonPrefixes>"
            entries.append(is_folder if slash else self._entries[key])
        token = f"<NextContinuationToken>{last}</NextContinuationToken>" if key else ""
        head = (
            f'<?xml version="1.0"?><ListBucketResult><Name>{BUCKET}</Name><Prefix>{prefix}</Prefix>'
            f"<KeyCount>{len(entries)}</KeyCount><IsTruncated>{str(bool(key)).lower()}</IsTruncated>{token}"
        )
        return "".join([head, *entries, "</ListBucketResult>"]).encode()

    def _next(self, prefix: str, last: str) -> str:
        """The first key of a prefix after a key, or after all keys of a folder; empty if there is none."""
        after = bisect_left(self._keys, f"{last[:-1]}0") if last.endswith("/") else bisect_right(self._keys, last)
        at = max(after, bisect_left(self._keys, prefix))  # 0 follows / in the order of bytes
        return self._keys[at] if at < len(self._keys) and self._keys[at].startswith(prefix) else ""


def _answer(content: bytes, etag: str = "") -> bytes:
    head = f'HTTP/1.1 200 -\r\nContent-Length: {len(content)}\r\nETag: "{etag}"\r\n'
    return f"{head}Last-Modified: Fri, 30 Nov 2018 00:00:00 GMT\r\n\r\n".encode() + content


class Connection(asyncio.Protocol):
    """Requests without bodies, one after the other."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)

    def data_received(self, data: bytes) -> None:
        *requests, self._rest = (self._rest + data).split(b"\r\n\r\n")
        for request in requests:
            self._transport.write(self._bucket.answer(request.partition(b"\r\n")[0]))


async def serve(folder: Path) -> None:
    """Answer on a free port, which is printed, until stdin ends: with the process that holds its other end."""
    loop, bucket = asyncio.get_running_loop(), Bucket(folder)
    server = await loop.create_server(lambda: Connection(bucket), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)


@contextmanager
def running(folder: Path) -> Iterator[dict[str, str]]:
    """The server in a process of its own, until the end of the block: the variables with which it is reached."""
    command = [sys.executable, __file__, str(folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        assert server.stdin
        assert server.stdout
        address = f"http://127.0.0.1:{int(server.stdout.readline())}"
        keys = {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench", "AWS_REGION": "us-east-1"}
        try:
            yield keys | {"AWS_ENDPOINT_URL": address, "NO_PROXY": "127.0.0.1"}
        finally:
            server.stdin.close()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
