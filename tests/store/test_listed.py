"""What a listing holds is what was listed, in order, whatever the keys; and it holds it in little memory."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote_plus
from xml.sax.saxutils import escape

import botocore.session
import pytest
from botocore.parsers import create_parser
from hypothesis import given
from hypothesis import strategies as st

from harness.memory import measured
from harness.s3_double import S3Double
from sparkify.config import Store
from sparkify.store import Objects, StoredObject
from sparkify.store.listed import Listed
from sparkify.store.names import why_no_data
from sparkify.store.objects import Place
from sparkify.store.s3.clients import Account
from sparkify.store.s3.pages import take_contents

PLACE = Place("s3://bucket/logs/", "logs/")

KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8).map("{}.json".format)
KEYS = KEYS.filter(lambda key: why_no_data(key, 1) is None)
ETAGS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)
SIZES = st.integers(1, 10**13)


def listed(parts: list[list[tuple[str, str, int]]]) -> Listed:
    """What several listings have met, together."""
    together = Listed(PLACE)
    for part in parts:
        some = Listed(PLACE)
        for key, etag, size in part:
            some.add(key, etag, size, f"logs/{key}")
        together.extend(some)
    return together


@given(st.lists(st.lists(st.tuples(KEYS, ETAGS, SIZES), max_size=5), max_size=4))
def test_every_data_object_is_there_once_in_order_and_found_by_its_key(parts: list[list[tuple[str, str, int]]]) -> None:
    met = [item for part in parts for item in part]
    together = listed([met])
    listing = together.listing()
    objects = listing.objects
    assert len(together) == len(met)
    assert sorted({key for key, _, _ in met}) == sorted(item.key for item in objects)
    assert {(item.key, item.etag, item.size) for item in objects} <= {*met}
    assert len(objects) + len(listing.ignored) == len(met)
    for index, item in enumerate(objects):
        assert item.name == f"s3://bucket/logs/{item.key}"
        assert item.path == f"logs/{item.key}"
        assert objects.index_of(item.key) == objects.index_of(item.key, likely=index) == index
        assert objects.has_etag(index, item.key, item.etag)
        assert not objects.has_etag(index, item.key, f"{item.etag}x")
        assert objects.index_of(f"{item.key}x") is None
    assert [*objects[1:3]] == [*objects][1:3]


@given(st.lists(st.lists(st.tuples(KEYS, ETAGS, SIZES), max_size=5), max_size=4))
def test_it_does_not_matter_how_a_listing_is_cut(parts: list[list[tuple[str, str, int]]]) -> None:
    one, many = listed([[item for part in parts for item in part]]).listing(), listed(parts).listing()
    assert ([*one.objects], one.ignored) == ([*many.objects], many.ignored)


def test_a_listing_without_an_object_or_with_a_few_is_still_in_order() -> None:
    objects = Objects.of(StoredObject(PLACE, f"logs/{key}", "1", 1) for key in ("c", "a", "b"))
    assert [item.key for item in objects] == ["a", "b", "c"]
    listing = listed([[("b.json", "1", 1), ("a.json", "1", 1), ("c.json", "1", 1)]]).listing()
    assert [item.key for item in listing.without("s3://bucket/logs/b.json").objects] == ["a.json", "c.json"]
    assert [item.key for item in listing.only({"c.json", "a.json", "no.json"}).objects] == ["a.json", "c.json"]
    assert listing.without("s3://bucket/other/b.json") is listing


MANY = """
from sparkify.store.listed import Listed
from sparkify.store.objects import Place
listed = Listed(Place("s3://bucket/songs/", "songs/"))
before = peak()
for n in range(300_000):
    key = f"A/B/C/TRABCDE128F{n:07X}.json"
    listed.add(key, f'"{n:032x}"', 250, f"songs/{key}")
objects = listed.listing().objects
code = int(peak() - before > 300_000 * 110 or len(objects) != 300_000)
"""


def test_a_listed_object_takes_about_a_hundred_bytes() -> None:
    assert measured(program=MANY).exit_code == 0


# ---------------------------------------------------------------- pages of S3

PAGE = """<?xml version="1.0" encoding="UTF-8"?>
<ListBucketResult{namespace}><Name>bucket</Name><Prefix>a</Prefix><KeyCount>3</KeyCount>{encoding}
<IsTruncated>true</IsTruncated><NextContinuationToken>next</NextContinuationToken>{contents}
<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes></ListBucketResult>
"""
ENTRY = (
    "<Contents><Key>{}</Key><LastModified>2018-11-30T00:00:00.000Z</LastModified>{}<Size>{}</Size><Owner><ID>me</ID>"
    "</Owner><StorageClass>STANDARD</StorageClass></Contents>\n"
)


def pages() -> Iterator[bytes]:
    """Pages as different stores write them."""
    keys = ["a.json", "día 1 & 2 <3>.json", "a+b%20c.json", ""]
    for namespace in ("", ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'):
        for quoted, encoding in ((escape, ""), (quote_plus, "<EncodingType>url</EncodingType>")):
            for tag in ("<ETag>&quot;0a&quot;</ETag>", "<ETag></ETag>", ""):
                contents = "".join(ENTRY.format(quoted(key), tag, size) for size, key in enumerate(keys))
                yield PAGE.format(namespace=namespace, encoding=encoding, contents=contents).encode()
        yield PAGE.format(namespace=namespace, encoding="", contents="").encode()


def parsed(body: bytes, *, quickly: bool) -> dict[str, Any]:
    model = botocore.session.get_session().get_service_model("s3").operation_model("ListObjectsV2")
    response: dict[str, Any] = {"status_code": 200, "headers": {}, "body": body}
    taken: dict[str, Any] = {}
    if quickly:
        take_contents(response, taken)
    answer: dict[str, Any] = create_parser("rest-xml").parse(response, model.output_shape)
    return answer | taken


@pytest.mark.parametrize("body", [*pages()])
def test_a_page_is_parsed_as_botocore_parses_it(body: bytes) -> None:
    quick, slow = parsed(body, quickly=True), parsed(body, quickly=False)
    for entry in slow.get("Contents", ()):
        entry["Size"] = str(entry["Size"])
        entry["LastModified"] = "2018-11-30T00:00:00.000Z"
        del entry["Owner"], entry["StorageClass"]
    assert quick == slow


@pytest.mark.parametrize("body", [b"", b"no XML", b"<Error><Code>SlowDown</Code></Error>"])
def test_what_is_no_page_is_left_as_it_is(body: bytes) -> None:
    response: dict[str, Any] = {"status_code": 200, "headers": {}, "body": body}
    taken: dict[str, Any] = {}
    take_contents(response, taken)
    assert (response["body"], taken) == (body, {})


def test_botocore_parses_no_object_of_a_listing(double: S3Double) -> None:
    double.buckets["music"]["log_data/a.json"] = b"{}"
    account = Account(Store("", "", "", "", "", ""))
    bodies: list[bytes] = []
    account.client.meta.events.register_first(
        "before-parse.s3.*", lambda response_dict, **_: bodies.append(response_dict["body"])
    )
    answer = account.client.list_objects_v2(Bucket="music", Prefix="log_data/")
    assert [entry["Key"] for entry in answer["Contents"]] == ["log_data/a.json"]
    assert bodies
    assert b"log_data/a.json" not in bodies[0]
