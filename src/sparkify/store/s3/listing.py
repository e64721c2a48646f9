"""List what lies below a prefix of a bucket: its first levels folder by folder, and what is below them in parallel."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import date
from difflib import get_close_matches
from functools import partial
from typing import Any

from sparkify.errors import AccessError
from sparkify.store.listed import Listed
from sparkify.store.objects import Place, require_listable
from sparkify.store.partitions import is_over, lies_over
from sparkify.store.s3.bucket import NO_ETAG, Bucket

LISTING_THREADS = 8

FAN_OUT = 16
"""Folders from which on a listing goes on in parallel below each."""

MOST_FOLDERS = 200
"""Folders that are listed in parallel; where there are more, those that hold them are, for each costs a request."""

LISTING_FIELDS = {"Name", "KeyCount", "IsTruncated", "Contents", "CommonPrefixes"}
"""Fields of which every answer to a listing has one (API ListObjectsV2)."""

NEARBY = 5
"""Prefixes that are named where a prefix holds nothing."""


def list_objects(bucket: Bucket, since: date | None) -> Listed:
    """The objects below a location, save those in folders of days before `since`; or the one whose key it is.

    Raises:
        AccessError: the store refuses, cannot be reached, holds nothing there, or more than a run lists.
    """
    listed = _list_below(bucket, since)
    return listed if listed or listed.left_out else _single_object(bucket)


def entries(bucket: Bucket, prefix: str) -> Iterator[dict[str, Any]]:
    """What S3 lists of every object whose key begins with a prefix.

    Raises:
        AccessError: the store refuses or cannot be reached.
    """
    for page in _pages(bucket, prefix):
        yield from page.get("Contents", ())


def _list_below(bucket: Bucket, since: date | None) -> Listed:
    """The objects below a location, level by level until there are enough folders to list each whole, in parallel.

    With `since` every level is looked at, as far as its folders are few: the dates may be in any.
    """
    folders, listed = [bucket.prefix], Listed(bucket.place)
    with ThreadPoolExecutor(LISTING_THREADS) as pool:
        while folders and (since or len(folders) < FAN_OUT):
            level, below = Listed(bucket.place), list[str]()
            each = map if len(folders) < FAN_OUT else pool.map
            for some, inside in each(partial(_listed, bucket, delimiter="/"), folders):
                level.extend(some)
                below += inside
            if set(below) & set(folders):
                raise _no_listing(bucket)
            wanted = [folder for folder in below if not is_over(folder.removeprefix(bucket.prefix), since)]
            if len(wanted) > MOST_FOLDERS:
                break
            require_listable(bucket.location, len(listed) + len(level) + len(wanted))
            listed.extend(level)
            listed.left_out += len(below) - len(wanted)
            folders = wanted
        for some, _ in pool.map(partial(_listed, bucket, delimiter="", since=since), folders):
            require_listable(bucket.location, len(listed) + len(some))
            listed.extend(some)
            listed.left_out += some.left_out
    return listed


def _listed(bucket: Bucket, folder: str, *, delimiter: str, since: date | None = None) -> tuple[Listed, list[str]]:
    """The objects of a folder, and the folders in it; without a delimiter, the objects of all these, too.

    What lies in folders of days before `since` is left out.
    """
    listed, folders, over = Listed(bucket.place), list[str](), dict[str, bool]()

    def is_wanted(path: str) -> bool:
        inside = path[len(bucket.prefix) : path.rfind("/") + 1]
        if inside not in over:
            over[inside] = since is not None and lies_over(inside, since)
        return not over[inside]

    for page in _pages(bucket, folder, **({"Delimiter": delimiter} if delimiter else {})):
        _add(listed, bucket, page, is_wanted if since else None)
        folders += _folders(bucket, page)
    listed.left_out = sum(over.values())
    return listed, folders


def _single_object(bucket: Bucket) -> Listed:
    """The object whose key the location is; its key below the prefix is its last part.

    Raises:
        AccessError: there is none; the text names what is near.
    """
    path = bucket.prefix.rstrip("/")
    if not path:
        raise AccessError(f"{bucket.location}: the bucket is empty; set [S3] to the bucket that holds the data")
    near: list[str] = []
    with suppress(AccessError):  # to look around may be forbidden where the listing was not
        [page, *_] = _pages(bucket, path, Delimiter="/")
        folder = path[: path.rfind("/") + 1]
        alone = Listed(Place(bucket.url(folder), folder))
        _add(alone, bucket, page, path.__eq__)
        if alone:
            return alone
        near = [*_names(page)] or _similar(bucket, path)
    names = ", ".join(map(bucket.url, near[:NEARBY]))
    hint = f"; there is {names}" if names else ""
    raise AccessError(
        f"{bucket.location}: no object lies below this prefix; set [S3] to the one that holds the data{hint}"
    )


def _similar(bucket: Bucket, path: str) -> list[str]:
    """What lies in the same folder as a path, the most similar first."""
    folder = f"{path.rpartition('/')[0]}/".lstrip("/")
    [page, *_] = _pages(bucket, folder, Delimiter="/")
    names = [*_names(page)]
    return get_close_matches(path, names, n=NEARBY, cutoff=0.5) or names


def _pages(bucket: Bucket, prefix: str, **options: str) -> Iterator[dict[str, Any]]:
    """The pages of a listing, each of which must say that it is one, and where the next begins."""
    count, token = 0, ""
    tokens = set[str]()
    while True:
        try:
            page = bucket.ask(
                "list_objects_v2", Prefix=prefix, **options, **({"ContinuationToken": token} if token else {})
            )
        except KeyError as e:  # botocore decodes keys, and a page has an object or a folder without one
            raise _no_listing(bucket) from e
        if not LISTING_FIELDS & page.keys():
            raise _no_listing(bucket)
        bucket.is_charged = bucket.is_charged or "RequestCharged" in page
        yield page
        if not page.get("IsTruncated"):
            return
        tokens.add(token)
        token = page.get("NextContinuationToken", "")
        count += len(page.get("Contents", ())) or 1
        if not token or token in tokens:
            raise AccessError(f"{bucket.location}: the store's listing repeats itself or breaks off; run again later")
        require_listable(bucket.location, count)


def _add(listed: Listed, bucket: Bucket, page: dict[str, Any], is_wanted: Callable[[str], bool] | None) -> None:
    """Add the objects of a page: all, or those whose paths are wanted."""
    prefix = listed.place.prefix
    try:
        for entry in page.get("Contents", ()):
            path = entry["Key"]
            if not path.startswith(prefix):
                raise _no_listing(bucket)
            if is_wanted is None or is_wanted(path):
                listed.add(path[len(prefix) :], entry.get("ETag") or _substitute(entry), _size(entry), path)
    except (KeyError, ValueError) as e:
        raise _no_listing(bucket) from e


def _size(entry: dict[str, Any]) -> int:
    size = int(entry["Size"])
    if size < 0:
        raise ValueError("an object has fewer than no bytes")
    return size


def _substitute(entry: dict[str, Any]) -> str:
    """What identifies an object's content in a store that has no ETags: its time and its size."""
    return f"{NO_ETAG}{entry.get('LastModified', '')} {entry['Size']}"


def _folders(bucket: Bucket, page: dict[str, Any]) -> list[str]:
    try:
        return [each["Prefix"] for each in page.get("CommonPrefixes", ())]
    except KeyError as e:
        raise _no_listing(bucket) from e


def _names(page: dict[str, Any]) -> Iterator[str]:
    """The folders and the keys of a page."""
    yield from (each["Prefix"] for each in page.get("CommonPrefixes", ()))
    yield from (entry["Key"] for entry in page.get("Contents", ()))


def _no_listing(bucket: Bucket) -> AccessError:
    return AccessError(f"{bucket.location}: the store's answer is no listing; check AWS_ENDPOINT_URL")
