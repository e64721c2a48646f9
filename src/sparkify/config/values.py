"""The kinds of values that keys of `dwh.cfg` take: what each accepts, and how it reads the text of a value."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

T = TypeVar("T")

LARGEST_NUMBER = 10**18
"""No number of the configuration is larger, so that each engine can count with it."""

UNITS = {"": 1, "B": 1, "KB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000}
"""The units of a size, in bytes."""


class UnusableValueError(ValueError):
    """A text is no value of a kind.

    `fix` says what to write instead; when it is empty, the kind's own words do. `is_shown` is false where the text may
    hold credentials, so that no message may show it.
    """

    def __init__(self, fix: str = "", *, is_shown: bool = True) -> None:
        super().__init__(fix)
        self.fix = fix
        self.is_shown = is_shown


@dataclass(frozen=True)
class Kind(Generic[T]):
    """A kind of value. `accepted` says in words, with code in backticks, what `parse` takes.

    `parse` raises `UnusableValueError`. Messages show a value only if `is_shown`. An `is_secret` value is also cut out
    of every other text that is shown, and its file should be closed to other users.
    """

    accepted: str
    parse: Callable[[str], T]
    is_shown: bool = True
    is_secret: bool = False


TEXT = Kind("a text", str)

COMMAND = Kind("a command line for `sh`, which no message shows", str, is_shown=False)
"""A command line; the address of a chat's webhook in it may be as good as a password."""

SECRET = Kind("a text, which no message shows", str, is_shown=False, is_secret=True)

ACCESS_KEY = Kind("a text, which no message shows", str, is_shown=False)
"""The public half of a pair of credentials: worth nothing without its secret."""


def matching(pattern: str, accepted: str, fix: str = "") -> Kind[str]:
    """A text that a regular expression matches as a whole."""

    def parse(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise UnusableValueError(fix)
        return text

    return Kind(accepted, parse)


def one_of(*names: str) -> Kind[str]:
    """One of a few texts."""
    shown = [f"`{name}`" for name in names]
    return matching("|".join(map(re.escape, names)), f"{', '.join(shown[:-1])} or {shown[-1]}")


def whole_number(most: int = LARGEST_NUMBER) -> Kind[int]:
    """A number from 0 to `most`."""
    in_bounds = f"a whole number from 0 to {most}"

    def parse(text: str) -> int:
        if not re.fullmatch("[0-9]{1,19}", text):
            raise UnusableValueError
        if int(text) > most:
            raise UnusableValueError(f"{in_bounds} is accepted")
        return int(text)

    return Kind("a whole number from 0 on" if most == LARGEST_NUMBER else in_bounds, parse)


def _parse_size(text: str) -> int:
    match = re.fullmatch(r"([0-9]{1,9})\s*([A-Z]*)|([0-9]{1,18})\s*B?", text.upper())
    count, unit = (match[1] or match[3], match[2] or "") if match else ("0", "")
    if unit not in UNITS or int(count) == 0:
        raise UnusableValueError
    return int(count) * UNITS[unit]


SIZE = Kind("a size such as `512 MB` or `4 GB`", _parse_size)
"""A size in bytes, more than 0."""


def parse_path(text: str) -> Path:
    """A path, with `~` as the home folder of a user.

    Raises:
        UnusableValueError: there is no such user, or the text is an address.
    """
    if "://" in text:
        raise UnusableValueError("a path is accepted here, and no address", is_shown=False)
    try:
        return Path(text).expanduser()
    except RuntimeError as e:
        raise UnusableValueError("there is no home folder for this `~`") from e


FILE = Kind("the path of a file", parse_path)

LOCAL_FOLDER = Kind("the path of a folder", parse_path)
