"""A small S3 server in this process, over a dict, for answers that no real store gives on demand.

It checks neither signatures nor rights: `redshift_stand_in.s3_server` does. A hook sees each request and may answer
itself.
"""

from __future__ import annotations

import hashlib
import re
import socket
import struct
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import groupby
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, quote_plus, unquote, urlsplit
from xml.sax.saxutils import escape

import botocore.endpoint
import pytest
from obstore.store import S3Store

import sparkify.store.s3.clients

if TYPE_CHECKING:
    from obstore.store import BackoffConfig, RetryConfig

XML = {"Content-Type": "application/xml"}
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


@dataclass(frozen=True)
class Request:
    """One request; `number` counts from 1 since `forget`, `tries` those for the same thing."""

    number: int
    tries: int
    method: str
    host: str
    bucket: str
    key: str
    query: Mapping[str, str]
    headers: Message
    body: bytes

    @property
    def is_list(self) -> bool:
        """Whether it lists a bucket."""
        return self.method == "GET" and not self.key

    @property
    def is_get(self) -> bool:
        """Whether it reads an object."""
        return self.method == "GET" and bool(self.key)

    @property
    def region(self) -> str:
        """The region for which it was signed; empty if it was not signed."""
        match = re.search(r"Credential=[^/]+/\d+/([^/]+)/", self.headers.get("Authorization", ""))
        return match[1] if match else ""

    @property
    def access_key(self) -> str:
        """With which it was signed; empty if it was not signed."""
        match = re.search(r"Credential=([^/]+)/", self.headers.get("Authorization", ""))
        return match[1] if match else ""


@dataclass(frozen=True)
class Answer:
    """An answer. Of its body only `sent` bytes are sent if that is given; then the line is cut, or goes silent."""

    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    sent: int | None = None
    is_silent: bool = False
    is_reset: bool = False


Hook = Callable[[Request], Answer | None]


def error(status: int, code: str, message: str = "no luck", *, more: str = "", **headers: str) -> Answer:
    """An answer that refuses, as S3 words it."""
    text = f"{DECLARATION}<Error><Code>{escape(code)}</Code><Message>{escape(message)}</Message>{more}</Error>"
    return Answer(status, {**XML, **{k.replace("_", "-"): v for k, v in headers.items()}}, text.encode())


def etag(content: bytes) -> str:
    """What the server knows a content by."""
    return f'"{hashlib.md5(content).hexdigest()}"'


class S3Double(ThreadingHTTPServer):
    """The server; `buckets` holds contents by bucket and key."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.buckets: dict[str, dict[str, bytes]] = {}
        self.base = ""
        self.page_size = 1000
        self.hook: Hook = lambda request: None
        self.ended = threading.Event()
        self._lock = threading.Lock()
        self.forget()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print no traceback for a client that goes away: it would be among what another test reads of stderr."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    @property
    def endpoint(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.server_port}{self.base}"

    def forget(self) -> None:
        """Begin to count requests from 1."""
        self.requests: list[Request] = []

    def remember(self, method: str, address: str, headers: Message, body: bytes) -> Request:
        """The request, numbered."""
        parts = urlsplit(address)
        host = parts.hostname or str(headers.get("Host", "")).partition(":")[0]
        path = parts.path.removeprefix(self.base).removeprefix("/")
        bucket = host.partition(".")[0] if (is_virtual := host != "127.0.0.1") else path.partition("/")[0]
        key = unquote(path if is_virtual else path.partition("/")[2])
        query = {name: values[0] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        with self._lock:
            same = [each for each in self.requests if (each.method, each.bucket, each.key) == (method, bucket, key)]
            request = Request(len(self.requests) + 1, len(same) + 1, method, host, bucket, key, query, headers, body)
            self.requests.append(request)
        return request

    def answer(self, request: Request) -> Answer:
        """The right answer."""
        if request.bucket not in self.buckets:
            return error(404, "NoSuchBucket", "The specified bucket does not exist")
        objects = self.buckets[request.bucket]
        if request.is_list:
            return self.listing(request)
        if request.method not in ("GET", "HEAD"):
            return error(405, "MethodNotAllowed")
        if request.key not in objects:
            return error(404, "NoSuchKey", "The specified key does not exist.")
        return served(request, objects[request.key])

    def listing(self, request: Request, tags: Mapping[str, str] | None = None) -> Answer:
        """A page of ListObjectsV2; `tags` are ETags to be listed in place of the true ones."""
        objects, query, tags = self.buckets[request.bucket], request.query, tags or {}
        prefix, delimiter = query.get("prefix", ""), query.get("delimiter", "")
        after = unquote(query.get("continuation-token", ""))

        def group(key: str) -> str:
            end = key.find(delimiter, len(prefix)) if delimiter else -1
            return key if end < 0 else key[: end + len(delimiter)]

        keys = sorted((key for key in objects if key.startswith(prefix)), key=str.encode)
        entries = [(name, list(members)) for name, members in groupby(keys, group) if name.encode() > after.encode()]
        size = min(int(query.get("max-keys", "1000")), self.page_size)
        page, rest = entries[:size], entries[size:]
        quoted = (lambda t: quote_plus(t, safe="/*")) if query.get("encoding-type") == "url" else escape
        lines = [
            f"<Name>{request.bucket}</Name><Prefix>{quoted(prefix)}</Prefix><KeyCount>{len(page)}</KeyCount>",
            f"<MaxKeys>{size}</MaxKeys><IsTruncated>{str(bool(rest)).lower()}</IsTruncated>",
            "<EncodingType>url</EncodingType>" if "encoding-type" in query else "",
        ]
        if rest:
            lines.append(f"<NextContinuationToken>{quote_plus(page[-1][0])}</NextContinuationToken>")
        for name, [first, *_] in page:
            if delimiter and delimiter in first[len(prefix) :]:
                lines.append(f"<CommonPrefixes><Prefix>{quoted(name)}</Prefix></CommonPrefixes>")
            else:
                tag = tags.get(name, etag(objects[name]))
                lines.append(
                    f"<Contents><Key>{quoted(name)}</Key><LastModified>2018-11-30T00:00:00.000Z</LastModified>"
                    f"<ETag>{escape(tag)}</ETag><Size>{len(objects[name])}</Size></Contents>"
                )
        text = f"{DECLARATION}<ListBucketResult>{''.join(lines)}</ListBucketResult>"
        return Answer(200, XML, text.encode())


def served(request: Request, content: bytes, tag: str = "", *, ignores_if_match: bool = False) -> Answer:
    """The answer that gives an object, or the part of it that is asked for."""
    tag = tag or etag(content)
    wanted = request.headers.get("If-Match")
    if wanted and wanted.strip('"') != tag.strip('"') and not ignores_if_match:
        return error(412, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold")
    headers = {"ETag": tag, "Accept-Ranges": "bytes", "Last-Modified": "Fri, 30 Nov 2018 00:00:00 GMT"}
    if match := re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("Range", "")):
        start, end = int(match[1]), min(int(match[2] or len(content)), len(content) - 1)
        if start >= len(content):
            return error(416, "InvalidRange", "The requested range is not satisfiable")
        headers["Content-Range"] = f"bytes {start}-{end}/{len(content)}"
        return Answer(206, headers, content[start : end + 1])
    return Answer(200, headers, content)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: S3Double
    disable_nagle_algorithm = True

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        address = self.requestline.split(" ")[1]
        request = self.server.remember(self.command, address, self.headers, body)
        answer = self.server.hook(request) or self.server.answer(request)
        if answer.is_reset:
            self._reset()
            return
        lines = [f"HTTP/1.1 {answer.status} -", "x-amz-request-id: 1"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        lines += [f"Content-Length: {len(answer.body)}", "", ""]
        body = b"" if self.command == "HEAD" else answer.body[: answer.sent]
        self.wfile.write("\r\n".join(lines).encode() + body)
        if answer.is_silent:
            self.server.ended.wait(30)
        if answer.sent is not None:
            self.close_connection = True

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _handle  # noqa: N815

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def finish(self) -> None:
        if self.connection.fileno() >= 0:
            super().finish()

    def log_message(self, *_: object) -> None:
        return


@contextmanager
def running() -> Iterator[S3Double]:
    """The server, until the end of the block."""
    with S3Double() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.ended.set()
        server.shutdown()


def make_quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no client of S3 wait before it tries again."""
    monkeypatch.setattr(botocore.endpoint, "time", SimpleNamespace(sleep=lambda seconds: None))
    monkeypatch.setattr(sparkify.store.s3.clients, "S3Store", _impatient_reader)


def _impatient_reader(bucket: str, *, retry_config: RetryConfig, **options: Any) -> S3Store:
    """The program's reader, which tries as often as it should but without waiting."""
    at_once: BackoffConfig = {"init_backoff": timedelta(milliseconds=1), "max_backoff": timedelta(milliseconds=1)}
    return S3Store(bucket, retry_config={**retry_config, "backoff": at_once}, **options)
